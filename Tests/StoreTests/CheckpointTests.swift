@testable import Base
import CSQLite
import Glibc
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

/// When the write-ahead log is copied and begun anew, and that nobody does the one while another does the other
/// (docs/decisions/0021). Races are not provoked: the lock is held, and what happens then is looked at.
@Suite struct CheckpointTests {
    /// A connection of which the test holds the checkpoint lock.
    @safe private final class Holder {
        private let database: Database
        private let file: UnsafeMutablePointer<sqlite3_file>

        init(_ path: String) throws {
            database = try Database(path: path, access: .readWrite, limits: StoreLimits())
            _ = try database.integer("SELECT count(*) FROM t")
            var file: UnsafeMutablePointer<sqlite3_file>?
            _ = unsafe sqlite3_file_control(database.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
            unsafe self.file = try #require(unsafe file)
        }

        func lock() -> Bool { change(SQLITE_SHM_LOCK) == SQLITE_OK }
        func unlock() { _ = change(SQLITE_SHM_UNLOCK) }

        private func change(_ what: Int32) -> Int32 {
            unsafe file.pointee.pMethods.pointee.xShmLock(
                file, Int32(csqlite_checkpoint_lock), 1, what | SQLITE_SHM_EXCLUSIVE)
        }
    }

    private static func table(_ path: String) throws -> Database {
        let database = try Database(path: path, access: .readWrite, limits: StoreLimits())
        try database.useWriteAheadLog(patience: .seconds(1))
        try database.execute("PRAGMA synchronous = NORMAL; CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)")
        try database.execute("CREATE TABLE sequence(number INTEGER); INSERT INTO sequence VALUES (7)")
        for _ in 0..<5 { try insert(database) }
        return database
    }

    private static func insert(_ database: Database) throws {
        try database.execute("BEGIN IMMEDIATE; INSERT INTO t(body) VALUES (randomblob(3000))")
        try database.gathering { () throws(StoreError) in try database.execute("COMMIT") }
    }

    @Test func commitAppends_whereSomebodyHasTheCheckpointLock_andBeginsTheLogAnewAfterwards() throws {
        let directory = try TemporaryDirectory()
        let database = try Self.table(directory.file("a.db"))
        let holder = try Holder(directory.file("a.db"))
        #expect(try database.checkpoint())
        var frames = database.logFrames
        #expect(frames > 4)
        #expect(holder.lock())
        for _ in 0..<3 {
            try Self.insert(database)
            #expect(database.logFrames > frames, "begun anew under the lock")
            frames = database.logFrames
        }
        holder.unlock()
        #expect(try database.checkpoint())
        try Self.insert(database)
        #expect(database.logFrames < 4)
        // Nothing is held behind it, by whichever way it ended.
        #expect(holder.lock())
        holder.unlock()
        #expect(try database.integer("SELECT count(*) FROM t") == 9)
    }

    @Test func commitThatAReaderKeepsFromBeginningAnew_leavesTheCheckpointLockFree() throws {
        let directory = try TemporaryDirectory()
        let database = try Self.table(directory.file("a.db"))
        let holder = try Holder(directory.file("a.db"))
        let reader = try Database(path: directory.file("a.db"), access: .readOnly, limits: StoreLimits())
        try reader.execute("BEGIN; SELECT * FROM t")
        #expect(try database.checkpoint())
        let frames = database.logFrames
        try Self.insert(database)
        #expect(database.logFrames > frames)
        #expect(holder.lock())
        holder.unlock()
        try reader.execute("COMMIT")
    }

    /// What the guard is for: SQLite's own file begins the log anew beside a checkpoint. Should a future library take the
    /// lock by itself, this fails, and the guard can go.
    @Test func defaultVFS_beginsTheLogAnew_whoeverHasTheCheckpointLock() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.db")
        let database = try Self.table(path)
        let holder = try Holder(path)
        var handle: OpaquePointer?
        try #require(unsafe sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        defer { unsafe sqlite3_close_v2(handle) }
        var frames: Int32 = 0
        unsafe withUnsafeMutablePointer(to: &frames) { frames in
            unsafe csqlite_count_frames(handle, frames)
            _ = unsafe sqlite3_exec(handle, "INSERT INTO t(body) VALUES (1)", nil, nil, nil)
        }
        let before = frames
        #expect(try database.checkpoint())
        #expect(holder.lock())
        unsafe withUnsafeMutablePointer(to: &frames) { frames in
            unsafe csqlite_count_frames(handle, frames)
            _ = unsafe sqlite3_exec(handle, "INSERT INTO t(body) VALUES (1)", nil, nil, nil)
            unsafe csqlite_count_frames(handle, nil)
        }
        holder.unlock()
        #expect(frames < before || SQLiteLibrary.hasWALResetFix)
    }

    @Test func noConnectionOfOurs_makesCheckpointsByItself() throws {
        let fixture = try Fixture()
        defer { fixture.state.close() }
        for access in [Database.Access.readWrite, .existing, .readOnly, .fileAlone] {
            let database = try Database(StoreFiles(fixture.path), access: access, limits: StoreLimits())
            #expect(try database.integer("PRAGMA wal_autocheckpoint") == 0, "\(access)")
        }
    }

    @Test func checkpoint_waitsForTheNextCommit_whereAnotherHasTheWriteLock() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a.db")
        let database = try Self.table(path)
        var limits = StoreLimits()
        limits.checkpointPages = 10_000
        let patient = try Checkpointer(database, of: StoreFiles(path), limits: limits)
        #expect(try patient.run() == nil, "the log is short")
        limits.checkpointPages = 5
        let checkpointer = try Checkpointer(database, of: StoreFiles(path), limits: limits)
        let other = try Database(path: path, access: .readWrite, limits: limits)
        try other.execute("BEGIN IMMEDIATE")
        #expect(try checkpointer.run() == nil)
        try other.execute("COMMIT")
        #expect(try checkpointer.run() == 7)
        // All was copied: the next commit begins the log anew. And the write lock is free.
        try Self.insert(database)
        #expect(database.logFrames < 4)
    }

    private static func logSize(_ fixture: Fixture) -> Int { StoreFiles.size(fixture.path + "-wal") ?? -1 }

    @Test func logOfManyCommits_ofSeveralProcesses_staysShort() async throws {
        var limits = StoreLimits()
        limits.checkpointPages = 30
        let fixture = try Fixture(limits: limits)
        let other = try fixture.another(limits: limits)
        for index in 0..<200 {
            try await fixture.state.apply([entry("a\(index)", body: String(repeating: "x", count: 5_000))])
            try await other.apply([entry("b\(index)", body: String(repeating: "x", count: 5_000))])
        }
        #expect(Self.logSize(fixture) < 150 * 4_120)
        #expect(try fixture.state.journal(stream: "s", last: 999).entries.count == 400)
        other.close()
        fixture.state.close()
    }

    @Test func readerThatStaysLong_leavesNoLongLogBehind() async throws {
        var limits = StoreLimits()
        limits.checkpointPages = 30
        limits.logBytes = 60 * 4_120
        let fixture = try Fixture(limits: limits)
        let reader = try Database(path: fixture.path, access: .readOnly, limits: limits)
        try reader.execute("BEGIN")
        _ = try reader.integer("SELECT number FROM sequence")
        for index in 0..<100 {
            try await fixture.state.apply([entry("a\(index)", body: String(repeating: "x", count: 20_000))])
        }
        #expect(Self.logSize(fixture) > 400 * 4_120)
        try reader.execute("COMMIT")
        // A heartbeat is enough.
        for index in 0..<4 {
            try await fixture.state.heartbeat(
                host: "h", now: at(Int64(index)), expiresAt: at(Int64(index) + 1))
        }
        // The writer copies after it has answered: the next answer comes behind that.
        try await fixture.state.apply([])
        #expect(Self.logSize(fixture) <= limits.logBytes)
        fixture.state.close()
    }

    @Test func replay_keepsItsLogShortToo() throws {
        let directory = try TemporaryDirectory()
        var limits = StoreLimits()
        limits.checkpointPages = 50
        let state = try SerialState(path: directory.file("a.db"), limits: limits)
        for index in 0..<6_000 {
            guard
                case .admitted(let ticket, _) = try state.admit(
                    AdmissionRequest(function: "f", now: at(1), session: nil, rates: [], concurrency: 1))
            else { throw Unexpected.conflict }
            _ = try state.commit(
                UnitOfWork(writes: [entry("\(index)", body: String(repeating: "x", count: 900))]), at: at(1),
                ticket: ticket, completing: nil)
        }
        #expect(StoreFiles.size(directory.file("a.db")) ?? 0 > 2 << 20, "copied at least once")
        try state.close()
    }

    @Test(arguments: [
        (3_040_001, false), (3_044_005, false), (3_044_006, true), (3_045_000, false), (3_050_006, false),
        (3_050_007, true), (3_051_002, false), (3_051_003, true), (3_052_000, true), (4_000_000, true),
    ]) func fix_isKnownByTheLibrarysVersion(_ number: Int, _ hasFix: Bool) {
        #expect(SQLiteLibrary.hasWALResetFix(Int32(number)) == hasFix)
    }

    @Test func version_isTheLibrarysOwn() {
        #expect(SQLiteLibrary.version(of: 3_040_001) == "3.40.1")
        #expect(unsafe SQLiteLibrary.version == String(cString: sqlite3_libversion()))
    }
}
