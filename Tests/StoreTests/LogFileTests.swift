@testable import Base
import CSQLite
import Glibc
@testable import Ledger
@testable import SQLite
import Testing
import TestSupport

/// The VFS that writes a commit's frames at once (log.h), against SQLite's own.
@Suite struct LogFileTests {
    /// A write-ahead log opened by a VFS.
    @safe private final class LogFile {
        let path: String
        private let file: UnsafeMutablePointer<sqlite3_file>
        private let name: UnsafePointer<CChar>

        init(_ vfs: String?, _ path: String, creating: Bool = true) throws {
            self.path = path
            let vfs = try unsafe #require(sqlite3_vfs_find(vfs))
            unsafe file = UnsafeMutableRawPointer.allocate(
                byteCount: Int(vfs.pointee.szOsFile), alignment: 16
            ).bindMemory(to: sqlite3_file.self, capacity: 1)
            unsafe name = try #require(unsafe sqlite3_create_filename(path, "", path, 0, nil))
            let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL | (creating ? SQLITE_OPEN_CREATE : 0)
            try #require(unsafe vfs.pointee.xOpen(vfs, name, file, flags, nil) == SQLITE_OK)
        }

        deinit {
            unsafe sqlite3_free_filename(name)
            unsafe UnsafeMutableRawPointer(file).deallocate()
        }

        func write(_ bytes: [UInt8], at start: Int64) -> Int32 {
            unsafe file.pointee.pMethods.pointee.xWrite(file, bytes, Int32(bytes.count), start)
        }

        /// What is there; where there is less, SQLite's zeros.
        func read(_ count: Int, at start: Int64) -> (code: Int32, bytes: [UInt8]) {
            var bytes = [UInt8](repeating: 0xAA, count: count)
            let code = unsafe file.pointee.pMethods.pointee.xRead(file, &bytes, Int32(count), start)
            return (code, bytes)
        }

        func size() -> Int64 {
            var size: Int64 = -1
            _ = unsafe file.pointee.pMethods.pointee.xFileSize(file, &size)
            return size
        }

        func truncate(to size: Int64) -> Int32 {
            unsafe file.pointee.pMethods.pointee.xTruncate(file, size)
        }

        func sync() -> Int32 { unsafe file.pointee.pMethods.pointee.xSync(file, SQLITE_SYNC_NORMAL) }

        func gather(_ on: Bool) {
            var on: Int32 = on ? 1 : 0
            _ = unsafe file.pointee.pMethods.pointee.xFileControl(
                file, Int32(csqlite_fcntl_gather), &on)
        }

        func close() -> Int32 { unsafe file.pointee.pMethods.pointee.xClose(file) }

        /// What everybody else finds in the file.
        func content() throws -> [UInt8] {
            let descriptor = unsafe Glibc.open(path, O_RDONLY)
            defer { Glibc.close(descriptor) }
            var status = stat()
            try #require(unsafe fstat(descriptor, &status) == 0)
            var bytes = [UInt8](repeating: 0, count: status.st_size)
            try #require(unsafe Glibc.read(descriptor, &bytes, bytes.count) == bytes.count)
            return bytes
        }
    }

    private static func header(endsCommit: Bool, _ random: inout SplitMix64) -> [UInt8] {
        var header = (0..<24).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for index in 4..<8 { header[index] = 0 }
        if endsCommit { header[Int(4 + random.next() % 4)] = 1 }
        return header
    }

    @Test func anyCalls_giveTheSameAnswersAndBytes_asTheDefaultVFS() throws {
        let fixture = try Fixture()
        let directory = try TemporaryDirectory()
        for seed in UInt64(1)...60 {
            var random = SplitMix64(seed: seed)
            func below(_ bound: UInt64) -> Int64 { Int64(random.next() % bound) }
            var files: [LogFile] = []
            for (name, vfs) in [("mine", csqlite_vfs), ("theirs", nil)] {
                let path = directory.file("\(name)\(seed).db")
                // The log takes its mode from the database.
                Glibc.close(unsafe creat(path, 0o600))
                files.append(try LogFile(vfs, path + "-wal"))
            }
            let (mine, theirs) = (files[0], files[1])
            func write(_ bytes: [UInt8], at start: Int64) {
                #expect(mine.write(bytes, at: start) == theirs.write(bytes, at: start), "seed \(seed)")
            }
            let pageSize = [512, 1_024, 4_096][Int(below(3))]
            var end: Int64 = 32
            var gathers = true
            mine.gather(true)
            write([UInt8](repeating: 7, count: 32), at: 0)
            for step in 0..<80 {
                // A log of some length is begun anew, as after a checkpoint.
                if end > 60_000 || below(40) == 0 {
                    write([UInt8](repeating: UInt8(step), count: 32), at: 0)
                    end = 32
                }
                switch below(12) {
                case 0...6:
                    let endsCommit = below(3) == 0
                    write(Self.header(endsCommit: endsCommit, &random), at: end)
                    if below(30) == 0 { continue }
                    write([UInt8](repeating: UInt8(step), count: pageSize), at: end + 24)
                    end += Int64(24 + pageSize)
                    if endsCommit {
                        #expect(
                            try mine.content() == theirs.content(), "a commit, seed \(seed), step \(step)")
                        // Everything is written: nothing is lost.
                        gathers = below(4) > 0
                        mine.gather(gathers)
                    }
                    if !gathers {
                        #expect(try mine.content() == theirs.content(), "seed \(seed), step \(step)")
                    }
                case 7:
                    // A checksum that is computed anew.
                    guard end > 56 else { continue }
                    let start = 32 + below(UInt64(end) - 56)
                    write(Self.header(endsCommit: below(2) == 0, &random), at: start)
                    #expect(try mine.content() == theirs.content(), "a rewrite, seed \(seed), step \(step)")
                case 8:
                    let (start, count) = (below(UInt64(end) + 100), Int(below(9_000)))
                    let (a, b) = (mine.read(count, at: start), theirs.read(count, at: start))
                    #expect(a.code == b.code && a.bytes == b.bytes, "seed \(seed), step \(step)")
                case 9:
                    #expect(mine.size() == theirs.size(), "seed \(seed), step \(step)")
                    #expect(mine.sync() == theirs.sync())
                    #expect(try mine.content() == theirs.content(), "seed \(seed), step \(step)")
                case 10:
                    let bytes = [UInt8](repeating: UInt8(step), count: Int(below(300)) + 25)
                    write(bytes, at: end + below(50))
                    #expect(
                        try mine.content() == theirs.content(), "anything else, seed \(seed), step \(step)")
                default:
                    let size = below(UInt64(end) + 1)
                    #expect(mine.truncate(to: size) == theirs.truncate(to: size))
                    end = max(32, min(end, size))
                }
            }
            #expect(mine.close() == theirs.close())
            #expect(try mine.content() == theirs.content(), "closed, seed \(seed)")
        }
        fixture.state.close()
    }

    @Test func writeThatFails_failsTheCommit_orTheNextCall() throws {
        let fixture = try Fixture()
        defer { fixture.state.close() }
        var random = SplitMix64(seed: 1)
        let page = [UInt8](repeating: 1, count: 4_096)
        let full = try LogFile(csqlite_vfs, "/dev/full", creating: false)
        full.gather(true)
        #expect(full.write(Self.header(endsCommit: false, &random), at: 32) == SQLITE_OK)
        #expect(full.write(page, at: 56) == SQLITE_OK)
        #expect(full.write(Self.header(endsCommit: true, &random), at: 4_152) == SQLITE_OK)
        #expect(full.write(page, at: 4_176) & 0xff == SQLITE_FULL, "the commit's last page")
        #expect(full.write(Self.header(endsCommit: false, &random), at: 8_272) == SQLITE_OK)
        #expect(full.write(page, at: 8_296) == SQLITE_OK)
        #expect(full.sync() & 0xff == SQLITE_FULL)
        #expect(full.write([UInt8](repeating: 0, count: 32), at: 0) & 0xff == SQLITE_FULL)
        #expect(full.write(Self.header(endsCommit: false, &random), at: 32) == SQLITE_OK)
        #expect(full.close() & 0xff == SQLITE_FULL)
    }

    @Test func whatIsHeldWhenACommitHasFailed_isNeverWritten() throws {
        let fixture = try Fixture()
        defer { fixture.state.close() }
        var random = SplitMix64(seed: 2)
        let path = fixture.directory.file("log.db")
        Glibc.close(unsafe creat(path, 0o600))
        let log = try LogFile(csqlite_vfs, path + "-wal")
        _ = log.write([UInt8](repeating: 1, count: 32), at: 0)
        log.gather(true)
        _ = log.write(Self.header(endsCommit: false, &random), at: 32)
        _ = log.write([UInt8](repeating: 2, count: 4_096), at: 56)
        _ = log.write(Self.header(endsCommit: true, &random), at: 4_152)
        #expect(try log.content().count == 32)
        log.gather(false)
        #expect(log.size() == 32)
        // Without a COMMIT under way, nothing is held.
        _ = log.write(Self.header(endsCommit: false, &random), at: 32)
        #expect(try log.content().count == 56)
        #expect(log.close() == SQLITE_OK)
        #expect(try log.content().count == 56)
    }

    /// A connection by the default VFS, as another program's.
    @safe private final class Foreign {
        private let handle: OpaquePointer

        init(_ path: String) throws {
            var handle: OpaquePointer?
            try #require(unsafe sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
            unsafe self.handle = try #require(unsafe handle)
            unsafe sqlite3_busy_timeout(self.handle, 5_000)
        }

        deinit { unsafe sqlite3_close_v2(handle) }

        func execute(_ sql: String) -> Int32 { unsafe sqlite3_exec(handle, sql, nil, nil, nil) }

        func text(_ sql: String) -> String {
            var statement: OpaquePointer?
            guard unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { return "" }
            defer { unsafe sqlite3_finalize(statement) }
            guard unsafe sqlite3_step(statement) == SQLITE_ROW else { return "" }
            return unsafe sqlite3_column_text(statement, 0).map { unsafe String(cString: $0) } ?? ""
        }
    }

    @Test func everyCommit_isSeenByOtherConnections_overSpillsRollbacksAndCheckpoints() throws {
        let directory = try TemporaryDirectory()
        for seed in UInt64(1)...12 {
            var random = SplitMix64(seed: seed)
            let path = directory.file("\(seed).db")
            let mine = try Database(path: path, access: .readWrite, limits: StoreLimits())
            try mine.useWriteAheadLog(patience: .seconds(1))
            // So few pages fit in the cache that a transaction spills into the log.
            try mine.execute(
                "PRAGMA synchronous = NORMAL; PRAGMA cache_size = 6; PRAGMA wal_autocheckpoint = 40")
            try mine.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB); CREATE INDEX i ON t(body)")
            let foreign = try Foreign(path)
            let sum = "SELECT count(*) || ' ' || coalesce(sum(length(body) * id), 0) FROM t"
            func change() -> String {
                switch random.next() % 4 {
                case 0: "DELETE FROM t WHERE id % 5 = \(random.next() % 5);"
                case 1: "UPDATE t SET body = printf('%.\(1 + random.next() % 3_000)d', id) WHERE id % 3 = 1;"
                default:
                    """
                    INSERT INTO t(body)
                    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < \(1 + random.next() % 60))
                    SELECT printf('%.\(1 + random.next() % 2_000)d', x) FROM n;
                    """
                }
            }
            for step in 0..<60 {
                switch random.next() % 8 {
                case 0:
                    try mine.execute("BEGIN; \(change()) \(change()) ROLLBACK")
                case 1:
                    try mine.execute(
                        "BEGIN; \(change()) SAVEPOINT s; \(change()) \(change()) ROLLBACK TO s; \(change())")
                    try mine.gathering { () throws(StoreError) in try mine.execute("COMMIT") }
                case 2: #expect(foreign.execute("BEGIN IMMEDIATE; \(change()) COMMIT") == SQLITE_OK)
                case 3: try mine.execute("PRAGMA wal_checkpoint(RESTART)")
                case 4: #expect(foreign.execute("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK)
                default:
                    try mine.execute("BEGIN IMMEDIATE; \(change()) \(change())")
                    try mine.gathering { () throws(StoreError) in try mine.execute("COMMIT") }
                }
                let seen = try Statement(mine, sum).first { $0.text(0) }
                #expect(foreign.text(sum) == seen, "seed \(seed), step \(step)")
            }
            let found = foreign.text("PRAGMA integrity_check(3)")
            #expect(found == "ok", "seed \(seed)")
        }
    }

    @Test func framesThatWereTakenBack_areNotWrittenOverAnothersCommit() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.db")
        let mine = try Database(path: path, access: .readWrite, limits: StoreLimits())
        try mine.useWriteAheadLog(patience: .seconds(1))
        try mine.execute("PRAGMA cache_size = 5; CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)")
        let foreign = try Foreign(path)
        for count in 1...20 {
            try mine.execute(
                """
                BEGIN;
                INSERT INTO t(body)
                WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50) SELECT zeroblob(3000) FROM n;
                ROLLBACK
                """)
            #expect(foreign.execute("INSERT INTO t(body) VALUES (randomblob(9000))") == SQLITE_OK)
            #expect(try mine.integer("SELECT count(*) FROM t") == count)
            #expect(foreign.text("PRAGMA integrity_check") == "ok")
        }
    }

    @Test func commitsOfACrash_areThere_withoutTheConnectionHavingClosed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.db")
        let mine = try Database(path: path, access: .readWrite, limits: StoreLimits())
        try mine.useWriteAheadLog(patience: .seconds(1))
        try mine.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)")
        for count in 1...20 {
            try mine.execute("BEGIN; INSERT INTO t(body) VALUES (randomblob(5000))")
            try mine.gathering { () throws(StoreError) in try mine.execute("COMMIT") }
            // The files as they are at this moment, which is what a crash leaves.
            let copy = directory.file("copy\(count).db")
            for suffix in ["", "-wal"] { try copyFile(path + suffix, to: copy + suffix) }
            let found = try Foreign(copy)
            #expect(found.text("SELECT count(*) FROM t") == "\(count)")
            #expect(found.text("PRAGMA integrity_check") == "ok")
        }
    }

    private func copyFile(_ path: String, to copy: String) throws {
        let source = unsafe Glibc.open(path, O_RDONLY)
        defer { Glibc.close(source) }
        let target = unsafe creat(copy, 0o600)
        defer { Glibc.close(target) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe Glibc.read(source, &bytes, bytes.count)
            try #require(count >= 0)
            if count == 0 { return }
            try #require(unsafe Glibc.write(target, bytes, count) == count)
        }
    }
}
