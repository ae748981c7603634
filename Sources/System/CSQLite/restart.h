#ifndef CSQLITE_RESTART_H
#define CSQLITE_RESTART_H
#include <sqlite3.h>

// The database file of our VFS (log.h), as the default VFS has it but for one thing: a connection that is about to begin
// the write-ahead log anew takes the checkpoint lock first. So it never does that while somebody copies from the log,
// which loses pages in SQLite before 3.51.3 (https://www.sqlite.org/wal.html#walresetbug, docs/decisions/0021).
//
// The lock is taken without waiting. Where somebody has it, SQLite is told that the readers' locks are taken, and
// appends the commit to the log, as it does whenever a reader still needs what is there.

// Locks of the log's index (https://www.sqlite.org/walformat.html#wal_locks). All readers' locks but the first are taken
// at once by two: a commit that begins the log anew, and a checkpoint that makes the next one do so, which has the
// checkpoint lock.
enum { csqlite_checkpoint_lock = 1, csqlite_readers = 4, csqlite_reader_count = 4 };

typedef struct {
    sqlite3_io_methods methods;  // the default VFS's, with a lock of our own; first, so that a file leads to this struct
    const sqlite3_io_methods *standard;
    unsigned held;               // what is locked exclusively, a bit each
    int restarts;                // the checkpoint lock is ours because of a restart
} csqlite_guard;

static int csqlite_lock(sqlite3_file *file, int first, int count, int flags) {
    csqlite_guard *guard = (csqlite_guard *)file->pMethods;
    int (*standard)(sqlite3_file *, int, int, int) = guard->standard->xShmLock;
    int locks = flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
    int is_restart = first == csqlite_readers && count == csqlite_reader_count;
    if (locks && is_restart && !(guard->held & 1u << csqlite_checkpoint_lock)) {
        int result = standard(file, csqlite_checkpoint_lock, 1, flags);
        if (result != SQLITE_OK) return result;
        guard->restarts = 1;
    }
    int result = standard(file, first, count, flags);
    unsigned mask = ((1u << count) - 1) << first;
    if (locks && result == SQLITE_OK) guard->held |= mask;
    if (flags & SQLITE_SHM_UNLOCK) guard->held &= ~mask;
    if (is_restart && guard->restarts && !(guard->held & mask)) {
        standard(file, csqlite_checkpoint_lock, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
        guard->restarts = 0;
    }
    return result;
}

// `file` is open by the default VFS, and `guard` lives as long.
static inline void csqlite_guard_restarts(sqlite3_file *file, csqlite_guard *guard) {
    const sqlite3_io_methods *standard = file->pMethods;
    if (!standard || standard->iVersion < 2 || !standard->xShmLock) return;
    guard->methods = *standard;
    guard->methods.xShmLock = csqlite_lock;
    guard->standard = standard;
    guard->held = 0;
    guard->restarts = 0;
    file->pMethods = &guard->methods;
}
#endif
