@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct MigrationTests {
    /// A file as version 1 of the schema has it, with rows in it.
    private static func firstVersion(_ directory: TemporaryDirectory) throws -> String {
        let path = directory.file("store.db")
        let database = try Database(path: path, access: .readWrite, limits: StoreLimits())
        try database.execute(Schema.migrations[0])
        try database.execute(
            """
            PRAGMA application_id = \(Schema.applicationID);
            PRAGMA user_version = 1;
            UPDATE sequence SET number = 40;
            INSERT INTO connection VALUES ('c', 'h', 'p', 's', 1000);
            INSERT INTO connection VALUES ('d', 'h', 'q', NULL, 1000);
            INSERT INTO membership VALUES ('c', 'a'), ('c', 'b'), ('d', 'a'), ('gone', 'a');
            INSERT INTO outbox VALUES (39, 1, 'a' || char(10), '', 'said', '"old"', 1000);
            INSERT INTO record VALUES ('player', 'p', 3, '{}');
            INSERT INTO dead_letter VALUES (7, 'story', 'g', 'j', '{}', 5, 'no', 1000);
            """)
        return path
    }

    @Test func firstVersion_isBroughtUpToDate_withItsRows() async throws {
        let directory = try TemporaryDirectory()
        let path = try Self.firstVersion(directory)
        let state = try SQLiteState(path: path)
        #expect(try state.record(kind: "player", id: "p") == Record(version: 3, body: "{}"))
        let expected = StoredConnection(
            id: "c", host: "h", subject: "p", session: "s", namespace: "/", since: 40, lostAt: nil)
        #expect(try state.connection(id: "c") == expected)
        #expect(try state.queueDepths() == [QueueDepth(queue: "story", waiting: 0, dead: 1)])
        // Who was in the room when this was said is not known.
        #expect(try state.missed(connection: "c", after: 0, through: .max, scanning: 9).effects.isEmpty)
        let number = try await state.apply([emit("no"), .leave(room: "b", .connection("c"))])
        #expect(number == 44)
        try await state.apply([
            .emit(Emit(rooms: ["a"], except: ["b"], event: "said", json: "1")),
            .connect(connection: "c", host: "h2", subject: "p", session: nil),
        ])
        #expect(try state.missed(connection: "c", after: 40, through: .max, scanning: 9).effects.count == 1)
        let database = try Database(path: path, access: .readOnly, limits: StoreLimits())
        #expect(try database.integer("PRAGMA user_version") == Schema.migrations.count)
        #expect(try database.integer("SELECT count(*) FROM membership") == 3)
        #expect(try database.integer("SELECT count(*) FROM outbox WHERE kind = 9") == 1)
    }

    @Test func firstVersion_isBroughtUpToDate_forAReplayToo() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.firstVersion(directory)
        let state = try SerialState(path: path)
        #expect(try state.number() == 40)
        try state.close()
        try SQLiteState(path: path).close()
    }

    @Test func manyOpenings_ofAnOldFileAtOnce_allSucceed() async throws {
        let directory = try TemporaryDirectory()
        let path = try Self.firstVersion(directory)
        try await withThrowingTaskGroup(of: SQLiteState.self) { group in
            for _ in 0..<4 { group.addTask { try SQLiteState(path: path) } }
            for try await state in group { #expect(try state.connection(id: "d")?.since == 40) }
        }
    }

    @Test func snapshotOfANewerSchema_isRefused() throws {
        let directory = try TemporaryDirectory()
        let path = try Self.firstVersion(directory)
        let newer = Schema.migrations.count + 1
        try OpeningTests.execute(path, "PRAGMA user_version = \(newer)")
        let refusal = StoreError.newerSchema(
            path: path, found: newer, supported: Schema.migrations.count)
        #expect(throws: refusal) { try SerialState(path: path) }
        #expect(throws: refusal) { try Snapshot.take(of: path, to: directory.file("copy.db")) { $0 } }
    }
}
