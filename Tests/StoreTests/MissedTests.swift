@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import TestSupport
import Testing

/// What was emitted to a connection, read from the outbox.
@Suite struct MissedTests {
    @Test func trim_keepsWhatMayStillBeAskedFor_andDropsTheRest() async throws {
        var limits = StoreLimits()
        limits.trimBatch = 2
        let fixture = try Fixture(limits: limits)
        let state = fixture.state
        try await state.apply(["c", "d", "e", "f", "g"].map { connect($0) }, now: 1_000)
        try await state.apply(
            [.join(room: "a", .subject("p")), .leave(room: "a", .subject("p"))], now: 1_000)
        try await state.apply(
            [.join(room: "a", .subject("p")), say("old", to: ["a"])], now: 1_000)
        try await state.apply([say("kept", to: ["a"]), .leave(room: "a", .subject("p"))], now: 2_000)
        for (id, time) in [("d", 1_500), ("e", 1_600), ("f", 1_700), ("g", 2_500)] {
            try await state.apply([.suspend(connection: id)], now: Int64(time))
        }
        try await state.trim(now: at(3_000), effectsBefore: at(2_000), connectionsLostBefore: at(2_000))
        #expect(try await state.textsMissed() == ["kept"])
        #expect(try await state.textsMissed("g") == ["kept"])
        #expect(try state.connection(id: "d") == nil && state.connection(id: "f") == nil)
        #expect(try SocketTests.count(fixture, "connection") == 2)
        // The first stay of each ended before the oldest effect.
        #expect(try SocketTests.count(fixture, "membership") == 2)
        try await state.trim(now: at(3_000), effectsBefore: at(9_000), connectionsLostBefore: at(2_000))
        #expect(try SocketTests.count(fixture, "outbox") == 0)
        #expect(try SocketTests.count(fixture, "membership") == 0, "no effect is left that it could concern")
        #expect(try SocketTests.count(fixture, "connection") == 2)
    }
}
