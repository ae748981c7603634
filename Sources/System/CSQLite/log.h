#ifndef CSQLITE_LOG_H
#define CSQLITE_LOG_H
#include <sqlite3.h>
#include <string.h>
#include "restart.h"

// A VFS over the default one (https://www.sqlite.org/vfs.html) that gives the kernel the frames of a commit in one
// write. SQLite writes each frame of its write-ahead log in two, a header and a page
// (https://www.sqlite.org/fileformat2.html#walformat), and every write costs about as much as all of them together.
//
// It holds frames back only while COMMIT runs (csqlite_gather), so by the connection that has the write lock. The log
// has them before the call with the commit's last page returns: only then does SQLite tell other connections of the
// commit. Every other call first writes what is held. A COMMIT that fails leaves nothing held: written later, it would
// replace what another process has committed by then. A crash loses what is held, which no commit has followed.

enum {
    csqlite_frame_header = 24,
    csqlite_smallest_page = 512,
    // SQLite's VFS for Unix takes fewer than 128 KiB at once.
    csqlite_capacity = 120 << 10,
};

typedef struct {
    sqlite3_file base;
    sqlite3_file *file;   // the default VFS's, behind this struct
    char *held;           // frames that are not written yet, or NULL before the first one
    int held_count;
    int gathers;          // COMMIT is running
    int awaits_page;      // a header was held last
    int ends_commit;      // it is that of a commit's last frame
    sqlite3_int64 held_start;
    sqlite3_int64 end;    // behind the last byte that was written or is held
} csqlite_log;

static int csqlite_flush(csqlite_log *log) {
    int count = log->held_count;
    log->held_count = 0;
    log->awaits_page = 0;
    return count == 0 ? SQLITE_OK : log->file->pMethods->xWrite(log->file, log->held, count, log->held_start);
}

// Whether these bytes are the next piece of a frame at the log's end. What stands before the end replaces what was
// written, as checksums do that are computed anew.
static int csqlite_is_next(csqlite_log *log, int count, sqlite3_int64 start) {
    if (log->held_count > 0 && start != log->held_start + log->held_count) return 0;
    if (count > csqlite_capacity - log->held_count || start < log->end || start == 0) return 0;
    if (!log->gathers || !log->held) return 0;
    return log->awaits_page ? count >= csqlite_smallest_page : count == csqlite_frame_header;
}

static int csqlite_log_write(sqlite3_file *file, const void *data, int count, sqlite3_int64 start) {
    csqlite_log *log = (csqlite_log *)file;
    int is_next = csqlite_is_next(log, count, start);
    if (!is_next) {
        int result = csqlite_flush(log);
        if (result != SQLITE_OK) return result;
        is_next = csqlite_is_next(log, count, start);
    }
    // A write of the log's own header, at 0, begins it anew.
    if (start == 0 || start + count > log->end) log->end = start + count;
    if (!is_next) return log->file->pMethods->xWrite(log->file, data, count, start);
    if (log->held_count == 0) log->held_start = start;
    memcpy(log->held + log->held_count, data, count);
    log->held_count += count;
    if (!log->awaits_page) {
        // Bytes 4 to 7: the size of the database after a commit; zero in every other frame.
        log->ends_commit = memcmp(log->held + log->held_count - count + 4, "\0\0\0\0", 4) != 0;
        log->awaits_page = 1;
        return SQLITE_OK;
    }
    log->awaits_page = 0;
    return log->ends_commit ? csqlite_flush(log) : SQLITE_OK;
}

static int csqlite_log_read(sqlite3_file *file, void *data, int count, sqlite3_int64 start) {
    csqlite_log *log = (csqlite_log *)file;
    int result = csqlite_flush(log);
    return result != SQLITE_OK ? result : log->file->pMethods->xRead(log->file, data, count, start);
}

static int csqlite_log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    csqlite_log *log = (csqlite_log *)file;
    int result = csqlite_flush(log);
    if (log->end > size) log->end = size;
    return result != SQLITE_OK ? result : log->file->pMethods->xTruncate(log->file, size);
}

static int csqlite_log_sync(sqlite3_file *file, int flags) {
    csqlite_log *log = (csqlite_log *)file;
    int result = csqlite_flush(log);
    return result != SQLITE_OK ? result : log->file->pMethods->xSync(log->file, flags);
}

static int csqlite_log_size(sqlite3_file *file, sqlite3_int64 *size) {
    csqlite_log *log = (csqlite_log *)file;
    int result = csqlite_flush(log);
    return result != SQLITE_OK ? result : log->file->pMethods->xFileSize(log->file, size);
}

// Applications have the operations from 100 on (https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html).
enum { csqlite_fcntl_gather = 0x67657374 };

static int csqlite_log_control(sqlite3_file *file, int operation, void *argument) {
    csqlite_log *log = (csqlite_log *)file;
    if (operation == csqlite_fcntl_gather) {
        log->gathers = *(int *)argument;
        if (log->gathers && !log->held) log->held = sqlite3_malloc(csqlite_capacity);
        if (!log->gathers) log->held_count = log->awaits_page = 0;
        return SQLITE_OK;
    }
    int result = csqlite_flush(log);
    return result != SQLITE_OK ? result : log->file->pMethods->xFileControl(log->file, operation, argument);
}

static int csqlite_log_close(sqlite3_file *file) {
    csqlite_log *log = (csqlite_log *)file;
    int flushed = csqlite_flush(log);
    int closed = log->file->pMethods->xClose(log->file);
    sqlite3_free(log->held);
    return flushed != SQLITE_OK ? flushed : closed;
}

static int csqlite_log_lock(sqlite3_file *file, int lock) {
    sqlite3_file *real = ((csqlite_log *)file)->file;
    return real->pMethods->xLock(real, lock);
}

static int csqlite_log_unlock(sqlite3_file *file, int lock) {
    sqlite3_file *real = ((csqlite_log *)file)->file;
    return real->pMethods->xUnlock(real, lock);
}

static int csqlite_log_check_lock(sqlite3_file *file, int *is_reserved) {
    sqlite3_file *real = ((csqlite_log *)file)->file;
    return real->pMethods->xCheckReservedLock(real, is_reserved);
}

static int csqlite_log_sector(sqlite3_file *file) {
    sqlite3_file *real = ((csqlite_log *)file)->file;
    return real->pMethods->xSectorSize(real);
}

static int csqlite_log_device(sqlite3_file *file) {
    sqlite3_file *real = ((csqlite_log *)file)->file;
    return real->pMethods->xDeviceCharacteristics(real);
}

// What a file of the default VFS takes, rounded up for what stands behind it.
static int csqlite_standard_size(sqlite3_vfs *standard) { return (standard->szOsFile + 15) & ~15; }

static int csqlite_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    static const sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = csqlite_log_close,
        .xRead = csqlite_log_read,
        .xWrite = csqlite_log_write,
        .xTruncate = csqlite_log_truncate,
        .xSync = csqlite_log_sync,
        .xFileSize = csqlite_log_size,
        .xLock = csqlite_log_lock,
        .xUnlock = csqlite_log_unlock,
        .xCheckReservedLock = csqlite_log_check_lock,
        .xFileControl = csqlite_log_control,
        .xSectorSize = csqlite_log_sector,
        .xDeviceCharacteristics = csqlite_log_device,
    };
    (void)vfs;
    sqlite3_vfs *standard = sqlite3_vfs_find(0);
    // All files but the log are the default VFS's own, and the database but for one lock.
    if (!(flags & SQLITE_OPEN_WAL)) {
        int result = standard->xOpen(standard, name, file, flags, out_flags);
        if (flags & SQLITE_OPEN_MAIN_DB)
            csqlite_guard_restarts(file, (csqlite_guard *)((char *)file + csqlite_standard_size(standard)));
        return result;
    }
    csqlite_log *log = (csqlite_log *)file;
    memset(log, 0, sizeof *log);
    log->file = (sqlite3_file *)(log + 1);
    int result = standard->xOpen(standard, name, log->file, flags, out_flags);
    // SQLite closes every file that has methods, also one that could not be opened.
    if (log->file->pMethods) log->base.pMethods = &methods;
    return result;
}

// To be called with 1 before COMMIT and with 0 after it, whatever has come of it. Does nothing where the log is another
// VFS's, or there is none.
static inline void csqlite_gather(sqlite3 *database, int on) {
    sqlite3_file *file = 0;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (file && file->pMethods) file->pMethods->xFileControl(file, csqlite_fcntl_gather, &on);
}

// Registers the VFS under a name for sqlite3_open_v2, for the rest of the process. Without memory it does nothing, and
// no database can be opened by that name.
static inline void csqlite_register_log(const char *name) {
    sqlite3_vfs *standard = sqlite3_vfs_find(0);
    sqlite3_vfs *vfs = standard ? sqlite3_malloc(sizeof *vfs) : 0;
    if (!vfs) return;
    *vfs = *standard;
    vfs->pNext = 0;
    vfs->zName = name;
    // A log has our struct in front, a database behind it.
    vfs->szOsFile = csqlite_standard_size(standard) + (int)sizeof(csqlite_log) + (int)sizeof(csqlite_guard);
    vfs->xOpen = csqlite_open;
    sqlite3_vfs_register(vfs, 0);
}
#endif
