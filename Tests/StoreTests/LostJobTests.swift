@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

/// Jobs whose hosts die, jobs that fail together, and times that were written while the clock was ahead.
@Suite struct LostJobTests {
    private let hour: Int64 = 3_600_000

    @Test func aDeadLetter_saysHowOftenItWasTried() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([job("1")])
        let first = try await fixture.state.claim()
        try await fixture.state.giveBack(first[0], .retry(at: at(1_000)), at: at(1_000))
        let second = try await fixture.state.claim()
        try await fixture.state.giveBack(second[0], .bury(reason: "no", at: at(1_000)), at: at(1_000))
        let database = try Database(path: fixture.path, access: .readOnly, limits: StoreLimits())
        #expect(try database.integer("SELECT attempts FROM dead_letter") == 2)
    }

    // MARK: The clock was eight hours ahead and is corrected

    @Test func times_ofAnOlderStore_areNotBelievedEither() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("store.db")
        let database = try Database(path: path, access: .readWrite, limits: StoreLimits())
        for migration in Schema.migrations.prefix(5) { try database.execute(migration) }
        try database.execute(
            """
            PRAGMA application_id = \(Schema.applicationID);
            PRAGMA user_version = 5;
            INSERT INTO job_group(queue, name, ready_at) VALUES ('story', 'g', \(8 * hour));
            INSERT INTO job(number, queue, name, id, payload, enqueued_at)
                VALUES (1, 'story', 'g', 'j', '{}', \(8 * hour));
            """)
        let state = try SQLiteState(path: path)
        try await state.heartbeat(host: "h", now: at(hour), expiresAt: at(hour + 6_000))
        #expect(try await state.claim(now: hour, until: hour + 99).count == 1)
    }
}
