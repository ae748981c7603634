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
#endif
