import Ledger
@testable import SQLite
import StoreSupport
import Testing

/// Hosts and connections that have come apart: a host that stood still, sockets whose end nobody recorded, effects that
/// are gone.
@Suite struct StandstillTests {
    @Test func heartbeat_tellsWhetherTheHostCountedAsAlive() async throws {
        let fixture = try Fixture()
        let (first, second) = (fixture.state, try fixture.another())
        #expect(try await !first.heartbeat(host: "h", now: at(0), expiresAt: at(6_000)))
        #expect(try await first.heartbeat(host: "h", now: at(2_000), expiresAt: at(8_000)))
        // Late, but nobody has missed it.
        #expect(try await first.heartbeat(host: "h", now: at(20_000), expiresAt: at(26_000)))
        try await second.heartbeat(host: "other", now: at(30_000), expiresAt: at(36_000))
        #expect(try await !first.heartbeat(host: "h", now: at(40_000), expiresAt: at(46_000)))
    }

    @Test func connectionsOfAHostThatStoodStill_areItsOwnAgain_butNotWhatOthersHaveTaken() async throws {
        let fixture = try Fixture()
        let (state, other) = (fixture.state, try fixture.another())
        try await state.heartbeat(host: "h", now: at(0), expiresAt: at(6_000))
        try await state.apply([connect("1"), connect("2")])
        try await other.heartbeat(host: "g", now: at(10_000), expiresAt: at(16_000))
        #expect(try state.connection(id: "1")?.lostAt == at(10_000))
        // Its client has come back to another host meanwhile.
        try await other.apply([connect("2", host: "g")])
        try await other.apply([.suspend(connection: "2")], now: 11_000)
        try await state.mark(["1", "2", "none"], of: "h", lostAt: nil)
        #expect(try state.connection(id: "1")?.lostAt == nil)
        #expect(try state.connection(id: "2")?.lostAt == at(11_000))
        try await state.mark(["1", "2"], of: "h", lostAt: at(12_000))
        #expect(try state.connection(id: "1")?.lostAt == at(12_000))
        #expect(try state.connection(id: "2")?.lostAt == at(11_000))
        // One that is lost already has been so since then.
        try await state.mark(["1"], of: "h", lostAt: at(13_000))
        #expect(try state.connection(id: "1")?.lostAt == at(12_000))
    }

    @Test func connectionsOfAHost_comeInPages_lostOnesToo() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        try await state.apply(["c", "a", "e", "b", "d"].map { connect($0) })
        try await state.apply([connect("x", host: "g"), .suspend(connection: "b")])
        #expect(try state.connections(of: "h", after: "", limit: 3).map(\.id) == ["a", "b", "c"])
        #expect(try state.connections(of: "h", after: "c", limit: 3).map(\.id) == ["d", "e"])
        #expect(try state.connections(of: "h", after: "a", limit: 1).first?.lostAt == at(1_000))
        #expect(try state.connections(of: "none", after: "", limit: 3).isEmpty)
    }

    private static func hasGap(_ state: SQLiteState, after number: Int64, through end: Int64 = .max) throws
        -> Bool
    {
        try state.missed(connection: "c", after: number, through: end, scanning: 100).hasGap
    }

    @Test func offsetsOlderThanTheOutbox_haveAGap_alsoWhenItIsEmpty() async throws {
        let fixture = try Fixture()
        let state = fixture.state
        let first = try await state.apply([connect("c")], now: 1_000)
        let second = try await state.apply([emit("old")], now: 1_000)
        let third = try await state.apply([emit("kept")], now: 3_000)
        #expect(try !Self.hasGap(state, after: first))
        try await state.trim(now: at(4_000), effectsBefore: at(2_000), connectionsLostBefore: at(0))
        #expect(try Self.hasGap(state, after: first))
        #expect(try Self.hasGap(state, after: first, through: first), "of an empty range, too")
        #expect(try !Self.hasGap(state, after: second))
        try await state.trim(now: at(4_000), effectsBefore: at(9_000), connectionsLostBefore: at(0))
        #expect(try Self.hasGap(state, after: second))
        #expect(try !Self.hasGap(state, after: third))
        // What came after all effects were dropped takes numbers, but no effect.
        let last = try await state.apply([], now: 5_000)
        #expect(try !Self.hasGap(state, after: last))
        #expect(try Self.hasGap(state, after: last + 1), "the store has not got so far")
        // One that began behind what was dropped has missed nothing.
        try await state.apply([.disconnect(connection: "c"), connect("c")])
        #expect(try !Self.hasGap(state, after: first))
    }
}
