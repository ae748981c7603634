import Ledger
@testable import Base
import FoundationEssentials
import Glibc
@testable import SQLite
import Synchronization
import StoreSupport
import Testing
import TestSupport

/// Backups of a store in use, and what one does in a store's place.
@Suite struct BackupFileTests {
    private static func take(_ fixture: Fixture, _ name: String = "backup.db") throws -> BackupFile.Copy {
        try BackupFile.take(of: fixture.path, to: fixture.directory.file(name)) { _, _ in true }
    }

    private static func names(_ directory: TemporaryDirectory) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
    }

    @Test func backup_isOneFile_forItsOwnerOnly_withWhatIsInTheLog() async throws {
        let fixture = try Fixture()
        let number = try await fixture.state.apply([entry("1")])
        let copy = try Self.take(fixture)
        let path = fixture.directory.file("backup.db")
        #expect(copy.number == number)
        #expect(copy.bytes == StoreFiles.size(path))
        var status = stat()
        #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(
            try Self.names(fixture.directory) == ["store.db", "store.db-wal", "store.db-shm", "backup.db"])
        let state = try SQLiteState(path: path)
        #expect(try state.journalEntry(id: "1") != nil)
        state.close()
    }

    @Test func backupOfABusyStore_ends_andIsOfOneMoment() async throws {
        let fixture = try Fixture()
        let other = try fixture.another()
        // Long enough for several steps, between each of which both commit.
        for index in 0..<40 {
            try await fixture.state.apply([
                entry("fill\(index)", body: String(repeating: "x", count: 400_000))
            ])
        }
        let course = Course()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, state) in [("a", fixture.state), ("b", other)] {
                group.addTask {
                    var index = 0
                    while !course.isOver.load(ordering: .relaxed) {
                        try await state.apply([
                            entry("\(name)\(index)x", stream: "t"), entry("\(name)\(index)y", stream: "t"),
                        ])
                        index += 1
                        course.commits.add(1, ordering: .relaxed)
                    }
                }
            }
            group.addTask {
                defer { course.isOver.store(true, ordering: .relaxed) }
                let path = fixture.directory.file("backup.db")
                let copy = try await course.copy(fixture.path, to: path)
                let state = try SerialState(path: path)
                #expect(try state.number() == copy.number)
                let entries = try state.journal(stream: "t", last: 1_000_000, upTo: .max).entries
                #expect(entries.count.isMultiple(of: 2))
                #expect(entries.allSatisfy { $0.number <= copy.number })
                try state.close()
            }
            try await group.waitForAll()
        }
        #expect(course.steps.load(ordering: .relaxed) >= 3)
    }

    @Test func fileThatIsThere_isNotTouched() async throws {
        let fixture = try Fixture()
        let path = fixture.directory.file("backup.db")
        try Data("mine".utf8).write(to: URL(filePath: path))
        #expect(throws: BackupError.exists(path: path)) { try Self.take(fixture) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        let link = fixture.directory.file("link.db")
        #expect(unsafe symlink("nowhere", link) == 0)
        #expect(throws: BackupError.exists(path: link)) { try Self.take(fixture, "link.db") }
        // One that comes while the copy is made.
        let late = fixture.directory.file("late.db")
        try await fixture.state.apply([entry("1", body: String(repeating: "x", count: 9_000_000))])
        #expect(throws: BackupError.exists(path: late)) {
            try BackupFile.take(of: fixture.path, to: late) { _, _ in
                (try? Data("mine".utf8).write(to: URL(filePath: late))) != nil
            }
        }
        #expect(try String(contentsOfFile: late, encoding: .utf8) == "mine")
        #expect(try !Self.names(fixture.directory).contains { $0.hasSuffix(".partial") })
    }

    @Test func backupThatIsStopped_leavesNothingBehind() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1", body: String(repeating: "x", count: 9_000_000))])
        #expect(throws: BackupError.stopped) {
            try BackupFile.take(of: fixture.path, to: fixture.directory.file("backup.db")) { done, all in
                #expect(0 < done && done < all)
                return false
            }
        }
        #expect(try Self.names(fixture.directory) == ["store.db", "store.db-wal", "store.db-shm"])
        try await fixture.state.apply([entry("2")])
    }

    @Test func whatIsNoStore_isNotBackedUp() throws {
        let directory = try TemporaryDirectory()
        let (store, copy) = (directory.file("none.db"), directory.file("copy.db"))
        #expect(throws: BackupError.missing(path: store)) {
            try BackupFile.take(of: store, to: copy) { _, _ in true }
        }
        try Data(repeating: 7, count: 5_000).write(to: URL(filePath: store))
        #expect(throws: BackupError.store(.notAStore(path: store))) {
            try BackupFile.take(of: store, to: copy) { _, _ in true }
        }
        #expect(try Self.names(directory) == ["none.db"])
    }

    // MARK: Restoring

    @Test func backup_takesTheStoresPlace_andTheOldLogGoes() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("before")])
        _ = try Self.take(fixture)
        try await fixture.state.apply([entry("after")])
        // What a host that was killed leaves.
        let backup = fixture.directory.file("backup.db")
        let store = fixture.directory.file("killed.db")
        for suffix in ["", "-wal", "-shm"] {
            try Data(contentsOf: URL(filePath: fixture.path + suffix)).write(
                to: URL(filePath: store + suffix))
        }
        fixture.state.close()
        #expect(throws: BackupError.storeExists(path: store)) {
            try BackupFile.restore(backup, to: store, replacing: false) { _, _ in true }
        }
        let copy = try BackupFile.restore(backup, to: store, replacing: true) { _, _ in true }
        #expect(try Self.names(fixture.directory) == ["store.db", "backup.db", "killed.db"])
        let state = try SQLiteState(path: store)
        #expect(try state.journalEntry(id: "before") != nil && state.journalEntry(id: "after") == nil)
        let next = try await state.apply([entry("next")])
        #expect(next > copy.number)
        state.close()
        // The same backup again, to where nothing is.
        let fresh = fixture.directory.file("new/store.db")
        _ = try BackupFile.restore(backup, to: fresh, replacing: false) { _, _ in true }
        try SQLiteState(path: fresh).close()
    }

    @Test func backup_takesThePlaceOfALogWhoseStoreIsGone() async throws {
        let fixture = try Fixture()
        _ = try Self.take(fixture)
        try await fixture.state.apply([entry("1")])
        let store = fixture.directory.file("gone.db")
        try Data(contentsOf: URL(filePath: fixture.path + "-wal")).write(to: URL(filePath: store + "-wal"))
        let backup = fixture.directory.file("backup.db")
        #expect(throws: BackupError.storeExists(path: store)) {
            try BackupFile.restore(backup, to: store, replacing: false) { _, _ in true }
        }
        _ = try BackupFile.restore(backup, to: store, replacing: true) { _, _ in true }
        #expect(try SQLiteState(path: store).journalEntry(id: "1") == nil)
    }

    @Test func storeInUse_isNotReplaced() async throws {
        let (fixture, other) = (try Fixture(), try Fixture())
        _ = try Self.take(other)
        try await fixture.state.apply([entry("1")])
        #expect(throws: BackupError.inUse(path: fixture.path)) {
            try BackupFile.restore(other.directory.file("backup.db"), to: fixture.path, replacing: true) {
                _, _ in true
            }
        }
        try await fixture.state.apply([entry("2")])
        try fixture.state.check()
        #expect(try Self.names(fixture.directory) == ["store.db", "store.db-wal", "store.db-shm"])
    }

    @Test func damagedBackup_isNotRestored() async throws {
        let fixture = try Fixture()
        for index in 0..<200 {
            try await fixture.state.apply([entry("\(index)", body: String(repeating: "x", count: 900))])
        }
        _ = try Self.take(fixture)
        fixture.state.close()
        let backup = fixture.directory.file("backup.db")
        var bytes = try Data(contentsOf: URL(filePath: backup))
        for index in stride(from: 8 * 4_096, to: bytes.count, by: 4_096) { bytes[index] = 0x77 }
        try bytes.write(to: URL(filePath: backup))
        let before = try Data(contentsOf: URL(filePath: fixture.path))
        #expect(throws: BackupError.damaged(path: backup)) {
            try BackupFile.restore(backup, to: fixture.path, replacing: true) { _, _ in true }
        }
        #expect(try Data(contentsOf: URL(filePath: fixture.path)) == before)
        #expect(try Self.names(fixture.directory) == ["store.db", "backup.db"])
        #expect(throws: BackupError.sameFile(path: fixture.path)) {
            try BackupFile.restore(fixture.path, to: fixture.path, replacing: true) { _, _ in true }
        }
    }
}

/// A backup beside commits.
private final class Course: Sendable {
    let isOver = Atomic(false)
    let commits = Atomic(0)
    let steps = Atomic(0)

    /// Copies on a thread of its own, and goes on only once others have committed.
    func copy(_ store: String, to file: String) async throws -> BackupFile.Copy {
        try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try SystemThread(named: "copy") {
                    continuation.resume(
                        with: Result {
                            try BackupFile.take(of: store, to: file) { _, _ in
                                self.steps.add(1, ordering: .relaxed)
                                let before = self.commits.load(ordering: .relaxed)
                                while self.commits.load(ordering: .relaxed) < before + 4 { sched_yield() }
                                return true
                            }
                        })
                }
            } catch { continuation.resume(throwing: error) }
        }
    }
}
