@testable import Base
import FoundationEssentials
import Glibc
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct OpeningTests {
    @Test func newStore_isMadeWithItsFolder_readableByItsOwnerOnly() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("a/b/store.db")
        let state = try SQLiteState(path: path)
        try await state.apply([emit("1")])
        for file in [path, path + "-wal", path + "-shm"] {
            var status = stat()
            #expect(unsafe stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600, "\(file)")
        }
        state.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"), "a clean end leaves one file")
    }

    @Test func secondOpening_doesNotDisturbTheFirst() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([entry("1")])
        try fixture.another().close()
        try await fixture.state.apply([entry("2")])
        let third = try fixture.another()
        #expect(try third.journal(stream: "s", last: 9).entries.map(\.id) == ["1", "2"])
    }

    @Test func manyOpenings_ofAFreshPathAtOnce_allSucceed() async throws {
        for _ in 0..<5 {
            let directory = try TemporaryDirectory()
            let path = directory.file("store.db")
            try await withThrowingTaskGroup(of: SQLiteState.self) { group in
                for _ in 0..<6 { group.addTask { try SQLiteState(path: path) } }
                var states: [SQLiteState] = []
                for try await state in group { states.append(state) }
                for (index, state) in states.enumerated() { try await state.apply([entry("\(index)")]) }
                #expect(try states[0].journal(stream: "s", last: 99).entries.count == 6)
            }
        }
    }

    @Test func newerSchema_isRefused() throws {
        let fixture = try Fixture()
        fixture.state.close()
        try Self.execute(fixture.path, "PRAGMA user_version = 99")
        #expect(
            throws: StoreError.newerSchema(
                path: fixture.path, found: 99, supported: Schema.migrations.count)
        ) { try fixture.another() }
    }

    @Test func anotherApplicationsDatabase_isRefused_andNotChanged() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("other.db")
        try Self.execute(path, "CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(throws: StoreError.notAStore(path: path)) { try SQLiteState(path: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
        try Self.execute(path, "DROP TABLE t; PRAGMA application_id = 7")
        #expect(throws: StoreError.notAStore(path: path)) { try SQLiteState(path: path) }
    }

    @Test(arguments: ["x", "not a database\n", String(repeating: "text ", count: 2_000)])
    func textFile_isRefused_andNotChanged(text: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("notes.txt")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        #expect(throws: StoreError.notAStore(path: path)) { try SQLiteState(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func folderAndImpossiblePlaces_areRefused() throws {
        let directory = try TemporaryDirectory()
        try "x".write(toFile: directory.file("file"), atomically: false, encoding: .utf8)
        for path in [
            directory.path, directory.path + "/", directory.file("file/store.db"), "/proc/none/store.db", "",
        ] {
            do {
                _ = try SQLiteState(path: path)
                Issue.record("opened \(path)")
            } catch {
                guard case .unusable(.unavailable, let reason) = error, reason.contains(path) else {
                    Issue.record("\(path): \(error)")
                    continue
                }
            }
        }
    }

    @Test func namesThatMeanSomethingToSQLite_areFiles() throws {
        let directory = try TemporaryDirectory()
        for name in [":memory:", "file:x?mode=memory"] {
            try SQLiteState(path: directory.file(name)).close()
            #expect(FileManager.default.fileExists(atPath: directory.file(name)))
        }
    }

    static func execute(_ path: String, _ sql: String) throws {
        try Database(path: path, access: .readWrite, limits: StoreLimits()).execute(sql)
    }
}
