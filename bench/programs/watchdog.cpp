// SPDX-License-Identifier: GPL-2.0-or-later
//
// An event loop that feeds systemd's watchdog and has nothing else to do: nobody who is watched can do less.

#include <systemd/sd-event.h>

#include <cstdio>
#include <cstring>

int main() {
    sd_event *loop = nullptr;
    int status = sd_event_default(&loop);
    if (status >= 0) {
        status = sd_event_set_watchdog(loop, 1);
    }
    if (status > 0) {
        std::puts("watched");
        std::fflush(stdout);
        status = sd_event_loop(loop);
    }
    sd_event_unref(loop);
    std::fprintf(stderr, "watchdog: %s\n", status == 0 ? "nobody watches" : std::strerror(-status));
    return 1;
}
