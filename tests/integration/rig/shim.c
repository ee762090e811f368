// SPDX-License-Identifier: GPL-2.0-or-later
//
// What no machine does on demand: a disk with a fault, a kernel that is short of memory or lacks a part of nf_tables, a
// clock that somebody sets. Preloaded into the service, which stays as it is; see shim.py.
//
// Each fault is a file in the directory $VMAC_SHIM, so it comes and goes while the service runs. What is in the file
// says how. Each time that a fault strikes, a byte is added to FILE.struck, so that a test can see that it did.
//
//     fsync write rename read open  ERRNO [N]  this call on a file in $STATE_DIRECTORY fails; with N, only each Nth
//     netfilter.open .send .receive ERRNO [N]  the same for sockets that speak to nf_tables, as libmnl uses them
//     netfilter.events              ERRNO [N]  what is read with recv(), as the service does to hear of changes
//     route.open .send .receive .events        the same for rtnetlink
//     netfilter.lacks               NAME       the kernel has no "egress", no "dup", no "nf_tables" at all
//     clock.set                     SECONDS    somebody has set the clock so much later, or earlier, than it was
//     clock.passed                  SECONDS    so much time has passed besides, by the clocks that nobody sets
//
// A kernel that lacks something must say so itself. So a request is not refused here: what it asks for is given another
// name, which no kernel has, on its way out.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The real one, looked up where it is needed: other libraries call us before any constructor of ours.
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

enum { most_bytes = 1 << 20 };

static bool path_of_fault(const char *fault, char *path) {
    const char *directory = getenv("VMAC_SHIM");
    return directory != NULL && snprintf(path, PATH_MAX, "%s/%s", directory, fault) < PATH_MAX;
}

// What the file says; false without it.
static bool is_set(const char *fault, char *text, size_t size) {
    const int before = errno;
    char path[PATH_MAX];
    const int file = path_of_fault(fault, path) ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
    const ssize_t got = file < 0 ? -1 : REAL(read)(file, text, size - 1);
    if (file >= 0) {
        close(file);
    }
    text[got < 0 ? 0 : got] = '\0';
    errno = before;
    return got >= 0;
}

static void note(const char *fault) {
    const int before = errno;
    char struck[PATH_MAX];
    char name[NAME_MAX];
    snprintf(name, sizeof(name), "%s.struck", fault);
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    const int file = path_of_fault(name, struck) ? REAL(open)(struck, flags, 0666) : -1;
    if (file >= 0) {
        if (REAL(write)(file, ".", 1) != 1) {
            abort();
        }
        close(file);
    }
    errno = before;
}

// Whether this call fails; errno is set then.
static bool strikes(const char *fault) {
    static int calls;
    char text[64];
    int number = 0;
    int each = 1;
    if (!is_set(fault, text, sizeof(text)) || sscanf(text, "%d %d", &number, &each) < 1 || ++calls % each != 0) {
        return false;
    }
    note(fault);
    errno = number;
    return true;
}

// --- files

static bool is_below_state(const char *path) {
    const char *state = getenv("STATE_DIRECTORY");
    return state != NULL && strncmp(path, state, strlen(state)) == 0;
}

static bool is_in_state(int descriptor) {
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    const int before = errno;
    const ssize_t size = readlink(link, path, sizeof(path) - 1);
    errno = before;
    path[size < 0 ? 0 : size] = '\0';
    return is_below_state(path);
}

int fsync(int descriptor) {
    return is_in_state(descriptor) && strikes("fsync") ? -1 : REAL(fsync)(descriptor);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    return is_in_state(descriptor) && strikes("write") ? -1 : REAL(write)(descriptor, data, size);
}

ssize_t read(int descriptor, void *data, size_t size) {
    return is_in_state(descriptor) && strikes("read") ? -1 : REAL(read)(descriptor, data, size);
}

int rename(const char *from, const char *to) {
    return is_below_state(to) && strikes("rename") ? -1 : REAL(rename)(from, to);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_below_state(path) && strikes("open") ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

// --- netlink

// "netfilter", "route", or NULL.
static const char *protocol_name(int protocol) {
    return protocol == NETLINK_NETFILTER ? "netfilter" : protocol == NETLINK_ROUTE ? "route" : NULL;
}

static const char *speaks(int descriptor) {
    const int before = errno;
    int domain = 0;
    int protocol = 0;
    socklen_t size = sizeof(int);
    const bool known = getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK &&
                       getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0;
    errno = before;
    return known ? protocol_name(protocol) : NULL;
}

static bool strikes_on(const char *protocol, const char *what) {
    char fault[64];
    return protocol != NULL && snprintf(fault, sizeof(fault), "%s.%s", protocol, what) > 0 && strikes(fault);
}

static bool replace(char *data, size_t size, const char *what, const char *with, size_t length) {
    bool found = false;
    for (char *at = data; (at = memmem(at, size - (size_t)(at - data), what, length)) != NULL; at += length) {
        memcpy(at, with, length);
        found = true;
    }
    return found;
}

// A subsystem of nfnetlink that does not exist: the last ones were given numbers up to 12.
static bool leave_nf_tables(char *data, size_t size) {
    enum { nowhere = 0x7f };
    bool found = false;
    struct nlmsghdr *message = (struct nlmsghdr *)data;
    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        struct nfgenmsg *header = NLMSG_DATA(message);
        if (message->nlmsg_type < NLMSG_MIN_TYPE) {
            continue;
        }
        if (NFNL_SUBSYS_ID(message->nlmsg_type) == NFNL_SUBSYS_NFTABLES) {
            message->nlmsg_type = nowhere << 8 | NFNL_MSG_TYPE(message->nlmsg_type);
            found = true;
        } else if (message->nlmsg_type == NFNL_MSG_BATCH_BEGIN && header->res_id == htons(NFNL_SUBSYS_NFTABLES)) {
            header->res_id = htons(nowhere);
            found = true;
        }
    }
    return found;
}

// Attributes as the kernel has them: length, type, value.
static bool disguise(const char *name, char *data, size_t size) {
    if (strcmp(name, "dup") == 0) {  // NFTA_EXPR_NAME
        return replace(data, size, "\x08\0\x01\0dup\0", "\x08\0\x01\0???\0", 8);
    }
    if (strcmp(name, "egress") == 0) {  // NFTA_HOOK_HOOKNUM, the first in NFTA_CHAIN_HOOK, whose length varies
        return replace(data, size, "\x04\x80\x08\0\x01\0\0\0\0\x01", "\x04\x80\x08\0\x01\0\0\0\0\x1f", 10);
    }
    return strcmp(name, "nf_tables") == 0 && leave_nf_tables(data, size);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    const char *protocol = speaks(descriptor);
    if (strikes_on(protocol, "send")) {
        return -1;
    }
    char lacking[64];
    if (protocol != NULL && strcmp(protocol, "netfilter") == 0 && is_set("netfilter.lacks", lacking, sizeof(lacking))) {
        static _Alignas(struct nlmsghdr) char copy[most_bytes];
        size_t size = 0;
        for (size_t i = 0; i < message->msg_iovlen; ++i) {
            const struct iovec part = message->msg_iov[i];
            if (part.iov_len > sizeof(copy) - size) {
                abort();
            }
            memcpy(copy + size, part.iov_base, part.iov_len);
            size += part.iov_len;
        }
        if (disguise(lacking, copy, size)) {
            note("netfilter.lacks");
        }
        struct iovec whole = {copy, size};
        struct msghdr other = *message;
        other.msg_iov = &whole;
        other.msg_iovlen = 1;
        return REAL(sendmsg)(descriptor, &other, flags);
    }
    return REAL(sendmsg)(descriptor, message, flags);
}

ssize_t sendto(int descriptor, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
    if (speaks(descriptor) == NULL) {
        return REAL(sendto)(descriptor, data, size, flags, to, length);
    }
    struct iovec whole = {(void *)data, size};
    const struct msghdr message = {.msg_name = (void *)to, .msg_namelen = length, .msg_iov = &whole, .msg_iovlen = 1};
    return sendmsg(descriptor, &message, flags);
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
    return strikes_on(speaks(descriptor), "receive") ? -1 : REAL(recvmsg)(descriptor, message, flags);
}

ssize_t recv(int descriptor, void *data, size_t size, int flags) {
    return strikes_on(speaks(descriptor), "events") ? -1 : REAL(recv)(descriptor, data, size, flags);
}

int socket(int domain, int type, int protocol) {
    return domain == AF_NETLINK && strikes_on(protocol_name(protocol), "open") ? -1
                                                                               : REAL(socket)(domain, type, protocol);
}

// --- the clock

static time_t shift(clockid_t clock) {
    char text[64];
    const bool can_be_set = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    const bool only_runs = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
    const char *fault = can_be_set ? "clock.set" : "clock.passed";
    if ((!can_be_set && !only_runs) || !is_set(fault, text, sizeof(text))) {
        return 0;
    }
    note(fault);
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    const int status = REAL(clock_gettime)(clock, now);
    if (status == 0) {
        now->tv_sec += shift(clock);
    }
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    const int status = REAL(gettimeofday)(now, zone);
    now->tv_sec += shift(CLOCK_REALTIME);
    return status;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL) {
        *now = precise.tv_sec;
    }
    return precise.tv_sec;
}
