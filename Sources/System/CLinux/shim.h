// The kernel calls that Swift's Glibc module does not import: epoll(7), eventfd(2), signalfd(2), inotify(7),
// accept4(2), descriptors over sockets (unix(7)). The data of an epoll event is always its u64 here, so the union stays out of Swift.
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <string.h>
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

// Gives what is free back to the system (malloc_trim(3)).
static inline void clinux_trim_memory(void) { malloc_trim(0); }

static inline int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC); }

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

// Blocks SIGTERM, SIGINT and SIGCHLD likewise: for a process whose children serve.
static inline int clinux_supervisor_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    if (pthread_sigmask(SIG_BLOCK, &set, 0) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

extern ssize_t read(int fd, void *bytes, size_t count);
extern int close(int fd);

// The number of the next signal that a signalfd(2) holds; 0 where it holds none.
static inline int clinux_next_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

// Lets the kernel send this process `signal` when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).
static inline int clinux_signal_at_parents_end(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

extern int pipe2(int ends[2], int flags);

// A pipe (SOCK_CLOEXEC is O_CLOEXEC, and so on) and a pair of datagram sockets, which do not block: ends[0] is read, ends[1] written; 0, or -1 with errno.
static inline int clinux_pipe(int ends[2]) { return pipe2(ends, SOCK_CLOEXEC | SOCK_NONBLOCK); }
static inline int clinux_datagram_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
}

// Sends `count` bytes and a duplicate of `descriptor` as one message, without waiting; 0, or errno.
static inline int clinux_send_descriptor(int socket, int descriptor, const void *bytes, size_t count) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

// Receives one message without waiting: the number of its bytes, or -1 with errno. `descriptor` is the one that came
// with it; -1 where none came, where several did, or where the message was cut off: those are closed.
static inline int64_t clinux_receive_descriptor(int socket, int *descriptor, void *bytes, size_t capacity) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    int came = 0, last = -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < descriptors; i++) {
            if (last >= 0) close(last);
            memcpy(&last, CMSG_DATA(header) + i * sizeof(int), sizeof last);
            came++;
        }
    }
    if (last >= 0 && (came != 1 || message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
        close(last);
        last = -1;
    }
    *descriptor = last;
    return count;
}

// Sends one datagram to a socket of the file system, or of the abstract namespace where its path begins with '@'
// (unix(7)); waits for at most a second where the other side reads nothing. 0, or errno. sys/un.h would give this module
// the types of addresses that Swift's Glibc has.
static inline int clinux_tell(const char *path, size_t length, const void *bytes, size_t count) {
    struct {
        sa_family_t family;
        char path[108];
    } address = {.family = AF_UNIX};
    if (length < 2 || length >= sizeof address.path) return ENAMETOOLONG;
    memcpy(address.path, path, length);
    if (path[0] == '@') address.path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    struct {
        long seconds, microseconds;
    } patience = {.seconds = 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t sent;
    do
        sent = sendto(fd, bytes, count, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                      (socklen_t)(__builtin_offsetof(__typeof__(address), path) + length));
    while (sent < 0 && errno == EINTR);
    int failure = sent < 0 ? errno : 0;
    close(fd);
    return failure;
}

static inline int clinux_inotify(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }
static inline int clinux_watch_path(int inotify, const char *path, uint32_t mask) {
    return inotify_add_watch(inotify, path, mask);
}
static inline int clinux_unwatch_path(int inotify, int watch) { return inotify_rm_watch(inotify, watch); }

typedef struct {
    int watch;
    uint32_t mask;
    // Where the next event stands; the end of the bytes where this was the last.
    size_t next;
    // The name, without the NULs behind it: where it stands, and its length.
    size_t name, name_length;
} clinux_file_event;

// The inotify(7) event at `offset`; `next` is 0 where there is none.
static inline clinux_file_event clinux_read_file_event(const void *bytes, size_t count, size_t offset) {
    clinux_file_event found = {0};
    struct inotify_event event;
    if (offset > count || count - offset < sizeof event) return found;
    memcpy(&event, (const char *)bytes + offset, sizeof event);
    if (count - offset - sizeof event < event.len) return found;
    found.watch = event.wd;
    found.mask = event.mask;
    found.name = offset + sizeof event;
    found.name_length = strnlen((const char *)bytes + found.name, event.len);
    found.next = found.name + event.len;
    return found;
}

static const uint32_t clinux_file_modified = IN_MODIFY, clinux_file_created = IN_CREATE,
                      clinux_file_moved_here = IN_MOVED_TO, clinux_watch_gone = IN_IGNORED,
                      clinux_events_lost = IN_Q_OVERFLOW;

static const uint32_t clinux_in = EPOLLIN, clinux_out = EPOLLOUT, clinux_hangup = EPOLLHUP,
                      clinux_error = EPOLLERR, clinux_read_hangup = EPOLLRDHUP;
static const int clinux_add = EPOLL_CTL_ADD, clinux_modify = EPOLL_CTL_MOD, clinux_delete = EPOLL_CTL_DEL;

extern int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);

// Renames a file unless there is one of the new name already (renameat2(2), RENAME_NOREPLACE, AT_FDCWD); 0, or errno.
static inline int clinux_rename_new(const char *from, const char *to) {
    return renameat2(-100, from, -100, to, 1) == 0 ? 0 : errno;
}

// fcntl.h would give this module the types of files that Swift's Glibc has.
extern int fcntl(int fd, int operation, ...);

// Locks bytes of a file for writing, without waiting, until the descriptor is closed: 0, or errno where anybody has
// locked any of them, this process included (fcntl(2), F_OFD_SETLK; F_WRLCK and SEEK_SET).
static inline int clinux_lock_bytes(int fd, int64_t start, int64_t count) {
    struct {
        short type, whence;
        int64_t start, count;
        int process;
    } lock = {.type = 1, .whence = 0, .start = start, .count = count};
    return fcntl(fd, 37, &lock) == 0 ? 0 : errno;
}

// memmem(3), which string.h declares for GNU programs alone: whether the needle stands in the bytes.
extern void *memmem(const void *bytes, size_t count, const void *needle, size_t length);
static inline int clinux_holds(const void *bytes, size_t count, const void *needle, size_t length) {
    return memmem(bytes, count, needle, length) != 0;
}
#endif
