// The kernel calls that Swift's Glibc module does not import: epoll(7), eventfd(2), signalfd(2),
// accept4(2). The data of an epoll event is always its u64 here, so the union stays out of Swift.
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

typedef struct {
    uint32_t events;
    uint64_t token;
} clinux_ready;

static inline int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event);
}

// Waits for at most `capacity` (512 at most) events; returns their number, or -1 with errno.
static inline int clinux_epoll_wait(int epoll, clinux_ready *ready, int capacity, int timeout_ms) {
    struct epoll_event events[512];
    if (capacity > 512) capacity = 512;
    int n = epoll_wait(epoll, events, capacity, timeout_ms);
    for (int i = 0; i < n; i++) {
        ready[i].events = events[i].events;
        ready[i].token = events[i].data.u64;
    }
    return n;
}

static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int clinux_eventfd_blocking(void) { return eventfd(0, EFD_CLOEXEC); }

// glibc declares these under _GNU_SOURCE only, which would give this module other types than Swift's Glibc has.
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

extern int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

// Waits until `fd` can be read, for at most `nanoseconds`; whether it can.
static inline int clinux_wait_readable(int fd, int64_t nanoseconds) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(&waiting, 1, &timeout, 0) > 0;
}

static inline int clinux_accept(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// Nanoseconds of CLOCK_REALTIME or CLOCK_MONOTONIC (clock_gettime(2)); Swift sees two definitions of timespec.
static inline int64_t clinux_realtime_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
static inline int64_t clinux_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Names the calling thread (15 bytes at most) for top, gdb and perf.
static inline void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// Blocks SIGTERM and SIGINT in this thread and those it starts, and returns a descriptor that reads them.
static inline int clinux_stop_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, 0) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static const uint32_t clinux_in = EPOLLIN, clinux_out = EPOLLOUT, clinux_hangup = EPOLLHUP,
                      clinux_error = EPOLLERR, clinux_read_hangup = EPOLLRDHUP;
static const int clinux_add = EPOLL_CTL_ADD, clinux_modify = EPOLL_CTL_MOD, clinux_delete = EPOLL_CTL_DEL;
// memmem(3), which string.h declares for GNU programs alone: whether the needle stands in the bytes.
extern void *memmem(const void *bytes, size_t count, const void *needle, size_t length);
static inline int clinux_holds(const void *bytes, size_t count, const void *needle, size_t length) {
    return memmem(bytes, count, needle, length) != 0;
}
#endif
