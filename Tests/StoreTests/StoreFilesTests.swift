@testable import Base
import FoundationEssentials
import Glibc
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

/// A store whose files are not what they should be: a log alone, another store's log, links, files that go.
@Suite struct StoreFilesTests {
    /// A copy of the files of a store that is in use, as a crash leaves them; without the index, as after a restart.
    private static func crash(_ path: String, to copy: String) throws {
        for suffix in ["", "-wal"] {
            try Data(contentsOf: URL(filePath: path + suffix)).write(to: URL(filePath: copy + suffix))
        }
    }

    private static func bytes(_ path: String) -> Data? { try? Data(contentsOf: URL(filePath: path)) }

    // MARK: Logs

    @Test(arguments: [true, false]) func logWithoutItsStore_isRefused_andKept(isEmpty: Bool) async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        let path = fixture.directory.file("crashed.db")
        try Self.crash(fixture.path, to: path)
        let (file, log) = (Self.bytes(path), Self.bytes(path + "-wal"))
        try FileManager.default.removeItem(atPath: path)
        if isEmpty { try Data().write(to: URL(filePath: path)) }
        let refusal = StoreError.logWithoutStore(path: path)
        #expect(throws: refusal) { try SQLiteState(path: path) }
        #expect(throws: refusal) { try SerialState(path: path) }
        #expect(refusal.description.contains("\(path)-wal is there"))
        #expect(Self.bytes(path + "-wal") == log)
        #expect(FileManager.default.fileExists(atPath: path) == isEmpty)
        // With its file back it is whole.
        try file?.write(to: URL(filePath: path))
        #expect(try SQLiteState(path: path).journalEntry(id: "1") != nil)
        fixture.state.close()
    }

    @Test func crashedStore_opensWithItsLog() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        for round in 0..<3 {
            let path = fixture.directory.file("crashed\(round).db")
            try Self.crash(fixture.path, to: path)
            let state = try SQLiteState(path: path)
            #expect(try state.journalEntry(id: "1") != nil)
            state.close()
        }
        fixture.state.close()
    }

    @Test func logOfAnotherStore_isRefused_andNothingIsChanged() async throws {
        // Idle: only what a host does that nobody plays with. It takes no numbers, and SQLite writes no page that an UPDATE
        // leaves as it was, so the row has a count that changes with each commit.
        for isIdle in [true, false] {
            let (mine, other) = (try Fixture(), try Fixture())
            try await mine.state.apply([entry("mine")])
            mine.state.close()
            // Its making is copied: what is in the log is what came later.
            other.state.close()
            let state = try other.another()
            if isIdle {
                try await state.heartbeat(host: "h", now: at(1), expiresAt: at(2))
            } else {
                for index in 0..<20 { try await state.apply([entry("\(index)")]) }
            }
            try Self.bytes(other.path + "-wal")?.write(to: URL(filePath: mine.path + "-wal"))
            let (file, log) = (Self.bytes(mine.path), Self.bytes(mine.path + "-wal"))
            #expect(log?.isEmpty == false)
            let refusal = StoreError.foreignLog(path: mine.path)
            #expect(throws: refusal) { try SQLiteState(path: mine.path) }
            #expect(throws: refusal) { try SerialState(path: mine.path) }
            #expect(throws: refusal) {
                try Snapshot.take(of: mine.path, to: mine.directory.file("copy.db")) { $0 }
            }
            #expect(Self.bytes(mine.path) == file && Self.bytes(mine.path + "-wal") == log)
            try FileManager.default.removeItem(atPath: mine.path + "-wal")
            #expect(try SQLiteState(path: mine.path).journalEntry(id: "mine") != nil)
            state.close()
        }
    }

    @Test(arguments: [false, true]) func olderCopyBesideANewerLog_isRefused(checkpoints: Bool) async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        fixture.state.close()
        let copy = fixture.directory.file("copy.db")
        try Self.bytes(fixture.path)?.write(to: URL(filePath: copy))
        var limits = StoreLimits()
        limits.checkpointPages = checkpoints ? 3 : 4_000
        // With one session in between, or one whose log was copied while it went on.
        if !checkpoints {
            let state = try fixture.another()
            try await state.apply([entry("2")])
            state.close()
        }
        let state = try fixture.another(limits: limits)
        for index in 3..<9 { try await state.apply([entry("\(index)")]) }
        try Self.bytes(fixture.path + "-wal")?.write(to: URL(filePath: copy + "-wal"))
        #expect(throws: StoreError.foreignLog(path: copy)) { try SQLiteState(path: copy) }
        // Its own it takes.
        let crashed = fixture.directory.file("crashed.db")
        try Self.crash(fixture.path, to: crashed)
        #expect(try SQLiteState(path: crashed).journalEntry(id: "8") != nil)
        state.close()
    }

    @Test func olderLogOfTheSameStore_isRefused() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        let log = Self.bytes(fixture.path + "-wal")
        try await fixture.state.apply([entry("2")])
        fixture.state.close()
        try log?.write(to: URL(filePath: fixture.path + "-wal"))
        #expect(throws: StoreError.foreignLog(path: fixture.path)) { try fixture.another() }
    }

    @Test func backupBesideTheLogThatItsStoreLeft_isRefused() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        let backup = fixture.directory.file("backup.db")
        _ = try BackupFile.take(of: fixture.path, to: backup) { _, _ in true }
        try await fixture.state.apply([entry("2")])
        let log = Self.bytes(fixture.path + "-wal")
        fixture.state.close()
        try log?.write(to: URL(filePath: backup + "-wal"))
        #expect(throws: StoreError.foreignLog(path: backup)) { try SQLiteState(path: backup) }
    }

    @Test func storesHaveIDsOfTheirOwn_alsoOlderOnes() async throws {
        var ids: Set<String> = []
        for _ in 0..<3 {
            let fixture = try Fixture()
            let database = try Database(path: fixture.path, access: .readOnly, limits: StoreLimits())
            let identity = try #require(try StoreIdentity(database))
            #expect(identity.id.count == 32)
            #expect(
                StoreIdentity.ofFileAlone(StoreFiles(fixture.path)) == identity, "already in the file itself")
            ids.insert(identity.id)
            fixture.state.close()
        }
        #expect(ids.count == 3)
    }

    // MARK: Links

    @Test(arguments: ["absolute", "relative", "dangling", "chain"])
    func storeBehindASymbolicLink_works(kind: String) async throws {
        let directory = try TemporaryDirectory()
        let (target, link) = (directory.file("there/store.db"), directory.file("link.db"))
        try FileManager.default.createDirectory(
            atPath: directory.file("there"), withIntermediateDirectories: true)
        if kind != "dangling" { try SQLiteState(path: target).close() }
        var text = kind == "absolute" ? target : "there/store.db"
        if kind == "chain" {
            let code = unsafe symlink("there/../there/store.db", directory.file("first.db"))
            #expect(code == 0)
            text = "first.db"
        }
        let code = unsafe symlink(text, link)
        #expect(code == 0)
        let state = try SQLiteState(path: link)
        try await state.apply([entry("1")])
        try state.check()
        #expect(StoreFiles.size(target + "-wal") ?? 0 > 0)
        #expect(!FileManager.default.fileExists(atPath: link + "-wal"))
        var status = stat()
        #expect(unsafe stat(target, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let second = try SQLiteState(path: target)
        #expect(try second.journalEntry(id: "1") != nil)
        second.close()
        state.close()
    }

    // MARK: Files that go

    enum Loss: CaseIterable { case deleted, replaced, logDeleted, indexDeleted, relinked }

    @Test(arguments: Loss.allCases) func storeWhoseFilesGo_promisesNothingMore(loss: Loss) async throws {
        let directory = try TemporaryDirectory()
        let other = directory.file("other.db")
        try SQLiteState(path: other).close()
        let (path, link) = (directory.file("store.db"), directory.file("link.db"))
        let code = unsafe symlink("store.db", link)
        #expect(code == 0)
        let state = try SQLiteState(path: link)
        try await state.apply([entry("1")])
        try state.check()
        switch loss {
        case .deleted: try FileManager.default.removeItem(atPath: path)
        case .replaced: #expect(unsafe rename(other, path) == 0)
        case .logDeleted: try FileManager.default.removeItem(atPath: path + "-wal")
        case .indexDeleted: try FileManager.default.removeItem(atPath: path + "-shm")
        case .relinked:
            try FileManager.default.removeItem(atPath: link)
            #expect(unsafe symlink("other.db", link) == 0)
        }
        let lost =
            switch loss {
            case .deleted, .replaced, .relinked: link
            case .logDeleted: path + "-wal"
            case .indexDeleted: path + "-shm"
            }
        // The commit itself sees it, before it is answered.
        await #expect(throws: StoreError.replaced(path: lost)) { try await state.apply([entry("2")]) }
        #expect(throws: StoreError.replaced(path: lost)) { try state.check() }
        #expect(throws: StoreError.replaced(path: lost)) { try state.journalEntry(id: "1") }
        await #expect(throws: StoreError.replaced(path: lost)) { try await state.ask() }
        state.close()
    }

    @Test func check_seesItWithoutACommit() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        try FileManager.default.removeItem(atPath: fixture.path)
        #expect(throws: StoreError.replaced(path: fixture.path)) { try fixture.state.check() }
        await #expect(throws: StoreError.replaced(path: fixture.path)) { try await fixture.state.ask() }
    }

    @Test func storeThatWasReplaced_leavesTheNewOnesLogAlone_whenItCloses() async throws {
        // SQLite deletes the log by its name when the last connection closes, whosever it is by then.
        let fixture = try Fixture()
        try await fixture.state.apply([entry("old")])
        let path = fixture.directory.file("new.db")
        let new = try SQLiteState(path: path)
        try await new.apply([entry("new")])
        for suffix in ["", "-wal", "-shm"] {
            #expect(unsafe rename(path + suffix, fixture.path + suffix) == 0)
        }
        let log = Self.bytes(fixture.path + "-wal")
        fixture.state.close()
        #expect(Self.bytes(fixture.path + "-wal") == log)
        let state = try SQLiteState(path: fixture.path)
        #expect(try state.journalEntry(id: "new") != nil && state.journalEntry(id: "old") == nil)
        state.close()
        new.close()
    }

    // MARK: Permission

    /// Runs `body` as somebody who may write nothing; the test's own user may be root, who may do everything.
    private static func asNobody(_ body: () throws -> Void) rethrows {
        let user = setfsuid(65_534)
        defer { setfsuid(uid_t(user)) }
        try body()
    }

    private static func refusal(_ path: String) throws -> String {
        var text = ""
        asNobody {
            do { _ = try SQLiteState(path: path) } catch { text = "\(error)" }
        }
        return text
    }

    @Test(.enabled(if: geteuid() == 0)) func storeThatMayNotBeRead_orNotBeWritten_saysSo_withItsPath() throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.db")
        #expect(unsafe chmod(directory.path, 0o755) == 0)
        try SQLiteState(path: path).close()
        #expect(
            try Self.refusal(path)
                == "cannot open the store \(path): unable to open database file: Permission denied")
        #expect(unsafe chmod(path, 0o644) == 0)
        let readOnly = try Self.refusal(path)
        #expect(readOnly.hasPrefix("cannot open the store \(path): "))
        #expect(readOnly.contains("read") || readOnly.contains("Permission denied"), "\(readOnly)")
        let missing = directory.file("none.db")
        #expect(try Self.refusal(missing) == "cannot open the store \(missing): Permission denied")
    }

    @Test func errors_haveTheSystemsWords_andNoNumberThatIsNotSQLites() {
        #expect(StoreError.disk(errno: EIO).description == "the store's disk failed: Input/output error")
        #expect(
            StoreError.io(code: 522).description
                == "the store's disk failed: disk I/O error (SQLite code 522)")
    }
}

/// Whose files the calling thread may use (setfsuid(2)), which the Glibc module does not have.
@_silgen_name("setfsuid") @discardableResult private func setfsuid(_ user: uid_t) -> Int32
