// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded under valgrind, in two things that the program cannot know of.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

// A program that runs so much slower must wait so much longer for others of its kind.
static const int slower = 10;

// The keeper makes a worker by executing /proc/self/exe, which is the program even when its file was replaced; here the
// kernel takes valgrind for the program.
int execv(const char *path, char *const arguments[]) {
    int (*next)(const char *, char *const[]) = (int (*)(const char *, char *const[]))dlsym(RTLD_NEXT, "execv");
    return next(strcmp(path, "/proc/self/exe") == 0 ? getenv("VMAC_MLDFILTERD") : path, arguments);
}

int poll(struct pollfd *sources, nfds_t count, int milliseconds) {
    int (*next)(struct pollfd *, nfds_t, int) = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
    return next(sources, count, milliseconds > 0 ? milliseconds * slower : milliseconds);
}
