#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H
#include <sqlite3.h>
#include "log.h"

// The VFS that the store is opened with (log.h).
#define csqlite_vfs "gestaloka"

// sqlite3_config is variadic, which Swift cannot call. Every connection of ours is used by one thread at a time, and
// the statistics of its memory would cost a process-wide lock with every allocation.
static inline void csqlite_configure(void) {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    csqlite_register_log(csqlite_vfs);
}

static int csqlite_note_frames(void *count, sqlite3 *database, const char *name, int frames) {
    (void)database, (void)name;
    *(int *)count = frames;
    return SQLITE_OK;
}

// Has `count` say after each commit how many frames the log has. The same hook is SQLite's own for checkpoints that
// come by themselves, so that this connection makes none (https://www.sqlite.org/c3ref/wal_hook.html).
static inline void csqlite_count_frames(sqlite3 *database, int *count) {
    sqlite3_wal_hook(database, csqlite_note_frames, count);
}

// Whether the last connection leaves the log as it is when it closes. sqlite3_db_config is variadic.
static inline void csqlite_keep_log(sqlite3 *database, int keeps) {
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keeps, (int *)0);
}
#endif
