// Starting a process that is confined, and what else of processes Swift's Glibc module lacks: clone(2), pidfds, prctl(2),
// prlimit(2), seccomp(2), wait4(2), getdents64(2). Kernel calls by number where a header would bring this module types
// that Swift's Glibc has. Linux 5.11 and later, for close_range(2).
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

extern long syscall(long number, ...);
extern int clone(int (*body)(void *), void *stack, int flags, void *argument, ...);
extern int chdir(const char *path);
extern int dup2(int from, int to);
extern int execve(const char *path, char *const arguments[], char *const environment[]);
extern int fcntl(int fd, int operation, ...);
extern int getppid(void);
extern int nice(int increment);
extern int setsid(void);
extern unsigned umask(unsigned mask);
extern int close(int fd);
extern void _exit(int status) __attribute__((noreturn));

// What clinux_start_process is told, and answers.
typedef struct {
    const char *program;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    // What the child has as 0, 1, 2 and 3.
    int descriptors[4];
    // The folder of the cgroup in which it starts; -1: none.
    int group;
    // The process that starts it.
    int parent;
    int niceness;
    // Resource limits; UINT64_MAX: none.
    uint64_t files, file_bytes, data;
    // RLIMIT_RTTIME, which binds real-time threads alone, carries the mark of the instance (Mark.swift).
    uint64_t mark;
    // Whether a filter keeps it from starting processes.
    int alone;

    // Whether that filter is in place, and whether it is in the group.
    int is_filtered, is_grouped;
    // The call that failed, and errno; 0: none.
    const char *failed;
    int error;
} clinux_start;

static inline int clinux_limit(int resource, uint64_t value) {
    uint64_t limit[2] = {value, value};
    return (int)syscall(SYS_prlimit64, 0, resource, limit, 0);
}

#if defined(__x86_64__)
#define CLINUX_AUDIT_ARCH AUDIT_ARCH_X86_64
#else
#define CLINUX_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

// Lets the process and its threads start threads, and no process: fork, vfork and clone without CLONE_THREAD are EPERM;
// clone3, whose flags a filter cannot see, is ENOSYS, so that the C library uses clone. Calls of another architecture
// are ENOSYS. Needs PR_SET_NO_NEW_PRIVS.
static inline int clinux_refuse_processes(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLINUX_AUDIT_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
        // x32's numbers begin at 2^30.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_vfork, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        // Both architectures are little-endian: the flags' lower half.
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x10000 /* CLONE_THREAD */, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

// The child between clone(2) and execve(2): in the memory of the process that started it, so only calls that are safe
// in a signal handler, and what it writes to `start` its parent reads.
static inline int clinux_child(void *argument) {
    clinux_start *start = (clinux_start *)argument;
#define CLINUX_TRY(name, call)      \
    if ((call) < 0) {               \
        start->error = errno;       \
        start->failed = name;       \
        _exit(127);                 \
    }
    struct sigaction usual;
    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    // Those that cannot be changed say so.
    for (int number = 1; number <= 64; number++) sigaction(number, &usual, 0);
    CLINUX_TRY("setsid", setsid());
    CLINUX_TRY("prctl PR_SET_NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CLINUX_TRY("prctl PR_SET_PDEATHSIG", prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    // The parent may have ended before.
    if (getppid() != start->parent) _exit(127);
    umask(077);
    int moved[4];
    for (int i = 0; i < 4; i++) CLINUX_TRY("fcntl F_DUPFD", moved[i] = fcntl(start->descriptors[i], 0, 10));
    for (int i = 0; i < 4; i++) CLINUX_TRY("dup2", dup2(moved[i], i));
    CLINUX_TRY("close_range", (int)syscall(SYS_close_range, 4, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */));
    CLINUX_TRY("chdir", chdir(start->directory));
    nice(start->niceness);
    CLINUX_TRY("RLIMIT_CORE", clinux_limit(4, 0));
    CLINUX_TRY("RLIMIT_RTTIME", clinux_limit(15, start->mark));
    if (start->files != UINT64_MAX) CLINUX_TRY("RLIMIT_NOFILE", clinux_limit(7, start->files));
    if (start->file_bytes != UINT64_MAX) CLINUX_TRY("RLIMIT_FSIZE", clinux_limit(1, start->file_bytes));
    if (start->data != UINT64_MAX) CLINUX_TRY("RLIMIT_DATA", clinux_limit(2, start->data));
    if (start->alone) start->is_filtered = clinux_refuse_processes() == 0;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    CLINUX_TRY("execve", execve(start->program, start->arguments, start->environment));
#undef CLINUX_TRY
    return 127;
}

// clone3(2) into a cgroup, on a stack of the child's own: the C library has no function for it, and clone(2) no cgroup.
// To move a process after its start makes everybody wait for the kernel's grace period, 10 ms and more.
static inline long clinux_clone_into_group(clinux_start *start, void *stack, uint64_t size, int *pidfd) {
    // struct clone_args. CLONE_INTO_CGROUP, CLONE_VFORK, CLONE_PIDFD, CLONE_VM.
    uint64_t request[11] = {0x200000000 | 0x4000 | 0x1000 | 0x100, (uintptr_t)pidfd, 0, 0, SIGCHLD,
                            (uintptr_t)stack, size, 0, 0, 0, (uint64_t)start->group};
#if defined(__x86_64__)
    register int (*body)(void *) __asm__("r8") = clinux_child;
    register void *argument __asm__("r9") = start;
    long pid;
    __asm__ volatile(
        "syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r9, %%rdi\n\tcall *%%r8\n\tud2\n1:"
        : "=a"(pid)
        : "0"((long)SYS_clone3), "D"(request), "S"(sizeof request), "r"(body), "r"(argument)
        : "rcx", "r11", "memory");
    return pid;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register long pid __asm__("x0") = (long)request;
    register long count __asm__("x1") = sizeof request;
    register int (*body)(void *) __asm__("x2") = clinux_child;
    register void *argument __asm__("x3") = start;
    __asm__ volatile("svc #0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x0, x3\n\tblr x2\n\tbrk #1\n1:"
                     : "+r"(pid)
                     : "r"(number), "r"(count), "r"(body), "r"(argument)
                     : "memory");
    return pid;
#else
    return -ENOSYS;
#endif
}

// Starts a process, and returns its id when it has become another program, with a pidfd that is closed on exec; -1
// where a call has failed (`failed`, `error`): then there is no process. The calling thread must outlive the process,
// which is killed at its end.
static inline int clinux_start_process(clinux_start *start, int *pidfd) {
    char stack[65536] __attribute__((aligned(16)));
    sigset_t all, before;
    sigfillset(&all);
    // No handler of the parent's may run in the child.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // CLONE_VM, CLONE_VFORK: this thread waits until the child's execve. CLONE_PIDFD.
    int pid = -1;
    if (start->group >= 0) pid = (int)clinux_clone_into_group(start, stack, sizeof stack, pidfd);
    start->is_grouped = pid > 0;
    if (pid < 0) pid = clone(clinux_child, stack + sizeof stack, 0x100 | 0x4000 | 0x1000 | SIGCHLD, start, pidfd);
    if (pid < 0) {
        start->error = errno;
        start->failed = "clone";
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
    if (pid > 0 && start->failed) {
        while (syscall(SYS_wait4, pid, 0, 0x40000000 /* __WALL */, 0) < 0 && errno == EINTR) {}
        close(*pidfd);
    }
    return start->failed ? -1 : pid;
}

// Orphans of what this process starts become its children.
static inline int clinux_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

// How a child has ended: its id; 0 while it runs; -1 with errno. Once a child.
static inline int clinux_reap(int pid, int *status, int64_t *peak_kilobytes, int64_t *cpu_nanoseconds) {
    struct {
        int64_t user_seconds, user_microseconds, system_seconds, system_microseconds, peak_kilobytes, others[13];
    } usage;
    memset(&usage, 0, sizeof usage);
    long found;
    do found = syscall(SYS_wait4, pid, status, 1 | 0x40000000 /* WNOHANG, __WALL */, &usage);
    while (found < 0 && errno == EINTR);
    *peak_kilobytes = usage.peak_kilobytes;
    *cpu_nanoseconds = (usage.user_seconds + usage.system_seconds) * 1000000000 +
                       (usage.user_microseconds + usage.system_microseconds) * 1000;
    return (int)found;
}

static inline int clinux_open_process(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
static inline int clinux_signal_process(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0);
}

// CPU time of all threads that a process has and had; -1 where it is gone. (CPUCLOCK_SCHED of the process.)
static inline int64_t clinux_cpu_nanoseconds(int pid) {
    struct timespec time;
    if (clock_gettime((clockid_t)((~(unsigned)pid << 3) | 2), &time) != 0) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Whether this kernel has filters of system calls.
static inline int clinux_has_filters(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

// An extended attribute of a file (getxattr(2)): its length; -1 with errno.
static inline int64_t clinux_attribute(const char *path, const char *name, void *value, size_t capacity) {
    return syscall(SYS_getxattr, path, name, value, capacity);
}

// The next entries of a folder, as getdents64(2) writes them: their bytes; 0 at the end; -1 with errno.
static inline int64_t clinux_read_folder(int fd, void *bytes, size_t capacity) {
    return syscall(SYS_getdents64, fd, bytes, capacity);
}
#endif
