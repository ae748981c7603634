import Base
import Ledger
import Net
import Runtime
import Synchronization
import TestSupport
import Testing

@testable import LocalHost

/// A clock that the test sets.
private final class Clock: Sendable {
    private let time: Mutex<Timestamp>

    init(_ text: String) throws { time = Mutex(try #require(Timestamp(rfc3339: text))) }

    var now: Timestamp { time.withLock { $0 } }

    func set(_ text: String) throws {
        let wanted = try #require(Timestamp(rfc3339: text))
        time.withLock { $0 = wanted }
    }
}

@Suite struct ScheduleTriggerTests {
    private static func route(
        _ record: Record, _ text: String, options: [String: String] = [:], access: Access = .none,
        body: @escaping Body = { input, _ in input }
    ) -> Route {
        Route("tidy", on: .other(kind: "schedule", text: text, options: options), access: access) {
            input, context in
            guard case .object(let members) = input, case .string(let time) = members["time"] else {
                return .null
            }
            record.add(time.replacing(":00.000Z", with: ""))
            return try await body(input, context)
        }
    }

    private static var limits: HostLimits {
        var limits = HostLimits()
        limits.scheduleLook = .milliseconds(5)
        limits.queueRetry = .milliseconds(20)
        limits.queueLook = .milliseconds(20)
        return limits
    }

    private static func server(
        _ route: Route, _ clock: Clock, sharing other: Server? = nil, lease: Duration = .seconds(6)
    ) async throws -> Server {
        var limits = limits
        limits.lease = lease
        return try await Server([route], limits: limits, sharing: other) { $0.now = { clock.now } }
    }

    /// Waits until the server's schedule has asked what is done.
    private static func settle(_ server: Server) async {
        await server.wait { host in host.schedules.allSatisfy { $0.last != nil } }
    }

    /// Waits until it knows that this is done.
    private static func settle(_ server: Server, at time: String) async {
        await server.wait { host in host.schedules.allSatisfy { $0.last == Timestamp(rfc3339: time) } }
    }

    @Test func times_comeAsTheyAreDue_andNoneOfBefore() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:03:20Z")
        let seen = try Record()
        let route = Self.route(
            record, "*/5 * * * *", options: ["role": "keeper"], access: .role("ops")
        ) { _, context in
            seen.add("\(context.trigger.description) \(context.caller?.roles ?? []) \(try context.subject)")
            return .null
        }
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            for time in ["12:05", "12:10", "12:15"] {
                try clock.set("2026-11-28T\(time):00Z")
                _ = record.wait(for: record.all.count + 1)
            }
            await server.close()
        }
        #expect(record.all == ["2026-11-28T12:05", "2026-11-28T12:10", "2026-11-28T12:15"])
        #expect(
            seen.all.first == #"schedule */5 * * * * ["ops", "keeper"] schedule:tidy"#)
    }

    /// A host that has slept, or was not there, for less and for longer than it may be late.
    @Test(arguments: [
        ("none", "2026-11-28T12:05:29Z", ["2026-11-28T12:05"]), ("none", "2026-11-28T12:06:00Z", []),
        ("none", "2026-11-29T08:05:10Z", ["2026-11-29T08:05"]),
        ("one", "2026-11-28T12:06:00Z", ["2026-11-28T12:05"]),
        ("one", "2026-11-29T08:07:00Z", ["2026-11-29T08:05"]),
    ])
    func missedTimes_areLeftOut_orTheLastIsMadeUpFor(catchUp: String, wake: String, runs: [String])
        async throws
    {
        for sleeps in [true, false] {
            let record = try Record()
            let clock = try Clock("2026-11-28T12:04:00Z")
            let route = Self.route(record, "*/5 * * * *", options: ["catch-up": catchUp])
            try await offPool {
                var server = try await Self.server(route, clock)
                await Self.settle(server)
                if !sleeps {
                    await server.close()
                    try clock.set(wake)
                    server = try await Self.server(route, clock, sharing: server)
                }
                try clock.set(wake)
                _ = record.wait(for: runs.count)
                await Self.settle(server)
                // Whatever was missed is over: the next time comes alone.
                try clock.set("2026-11-29T09:00:00Z")
                _ = record.wait(for: runs.count + 1)
                await server.close()
            }
            #expect(record.all == runs + ["2026-11-29T09:00"], "sleeps: \(sleeps)")
        }
    }

    /// What came shortly before a host began is not waited for until it looks again.
    @Test func timeShortlyBeforeTheStart_isNotMissed() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:59:50Z")
        let route = Self.route(record, "0 * * * *")
        try await offPool {
            let first = try await Self.server(route, clock)
            await Self.settle(first)
            await first.close()
            try clock.set("2026-11-28T13:00:22Z")
            var limits = Self.limits
            limits.scheduleLook = .seconds(3_600)
            let second = try await Server([route], limits: limits, sharing: first) { $0.now = { clock.now } }
            _ = record.wait(for: 1)
            await second.close()
        }
        #expect(record.all == ["2026-11-28T13:00"])
    }

    @Test func severalHosts_beginItOnce() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:03:00Z")
        let route = Self.route(record, "* * * * *")
        try await offPool {
            let first = try await Self.server(route, clock)
            var others: [Server] = []
            for _ in 0..<3 { others.append(try await Self.server(route, clock, sharing: first)) }
            for server in [first] + others { await Self.settle(server) }
            for minute in 4..<30 {
                let time = "2026-11-28T12:\(minute < 10 ? "0" : "")\(minute):00Z"
                try clock.set(time)
                _ = record.wait(for: minute - 3)
                // All have seen that it is done: nobody is late for the next.
                for server in [first] + others {
                    await Self.settle(server, at: time)
                }
            }
            for server in others + [first] { await server.close() }
        }
        #expect(
            record.all == (4..<30).map { "2026-11-28T12:\($0 < 10 ? "0" : "")\($0)" })
    }

    /// Set back by a day the times come by the new clock; by a minute the same time does not come twice.
    @Test func clockThatIsSetBack_isFollowed() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:04:00Z")
        let route = Self.route(record, "*/5 * * * *")
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            try clock.set("2026-11-28T12:05:10Z")
            _ = record.wait(for: 1)
            await Self.settle(server, at: "2026-11-28T12:05:00Z")
            try clock.set("2026-11-28T12:04:30Z")
            try clock.set("2026-11-28T12:05:20Z")
            try clock.set("2026-11-27T10:01:00Z")
            await Self.settle(server, at: "2026-11-27T10:01:00Z")
            try clock.set("2026-11-27T10:05:00Z")
            _ = record.wait(for: 2)
            await server.close()
        }
        #expect(record.all == ["2026-11-28T12:05", "2026-11-27T10:05"])
    }

    /// What is for certain hours is not done twice where the clock goes back over it, as at the end of summer time by
    /// somebody's hand.
    @Test func clockThatIsSetBackByAnHour_doesNotRepeatCertainHours() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T01:50:00Z")
        let route = Self.route(record, "0 2 * * *")
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            try clock.set("2026-11-28T02:00:00Z")
            _ = record.wait(for: 1)
            try clock.set("2026-11-28T01:00:00Z")
            await Self.settle(server)
            try clock.set("2026-11-28T02:00:00Z")
            await Self.settle(server)
            try clock.set("2026-11-29T02:00:00Z")
            _ = record.wait(for: 2)
            await server.close()
        }
        #expect(record.all == ["2026-11-28T02:00", "2026-11-29T02:00"])
    }

    /// Berlin, 2026-03-29: 02:00 is followed by 03:00.
    @Test func timeThatIsSkipped_comesAtTheChange() async throws {
        let record = try Record()
        let clock = try Clock("2026-03-29T00:59:00Z")
        let route = Self.route(record, "30 2 * * *", options: ["timezone": "Europe/Berlin"])
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            for time in ["29T01:00", "29T01:30", "30T00:30"] {
                try clock.set("2026-03-\(time):00Z")
                if time != "29T01:30" { _ = record.wait(for: record.all.count + 1) }
            }
            await server.close()
        }
        #expect(record.all == ["2026-03-29T01:00", "2026-03-30T00:30"])
    }

    @Test func timeThatComesDuringARun_isMissed() async throws {
        let record = try Record()
        let gate = Gate()
        let clock = try Clock("2026-11-28T12:03:00Z")
        let route = Self.route(record, "* * * * *", options: ["catch-up": "one"]) { _, _ in
            await gate.pass()
            return .null
        }
        try await offPool {
            // The clock goes on by minutes meanwhile, which is no reason to take the run for lost.
            let server = try await Self.server(route, clock, lease: .seconds(3_600))
            await Self.settle(server)
            try clock.set("2026-11-28T12:04:00Z")
            _ = record.wait(for: 1)
            for minute in 5..<9 { try clock.set("2026-11-28T12:0\(minute):00Z") }
            let depth = try await server.state.queueDepths().first
            #expect(depth?.waiting == 1 && depth?.queue == "schedule:tidy:* * * * *")
            gate.open()
            _ = record.wait(for: 2)
            await server.close()
        }
        #expect(record.all == ["2026-11-28T12:04", "2026-11-28T12:08"])
    }

    /// One that fails is tried again as any other job is, and tells what it was for.
    @Test func runThatFails_isTriedAgain_forTheSameTime() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:03:00Z")
        let route = Self.route(record, "0 * * * *") { _, context in
            if record.all.count == 1 { throw Problem(.failed, "not yet") }
            return .null
        }
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            try clock.set("2026-11-28T13:00:00Z")
            _ = record.wait(for: 1)
            await server.wait { $0.tasksUnderWay == 0 }
            try clock.set("2026-11-28T13:00:05Z")
            _ = record.wait(for: 2)
            await server.close()
        }
        #expect(record.all == ["2026-11-28T13:00", "2026-11-28T13:00"])
    }

    @Test func metrics_tellTheLastTimeAndTheNext() async throws {
        let record = try Record()
        let clock = try Clock("2026-11-28T12:03:00Z")
        let route = Self.route(record, "0 * * * *", options: ["timezone": "Asia/Tokyo"]) { _, _ in
            throw Problem(.invalid, "never")
        }
        try await offPool {
            let server = try await Self.server(route, clock)
            await Self.settle(server)
            try clock.set("2026-11-28T13:00:00Z")
            _ = record.wait(for: 1)
            await Self.settle(server, at: "2026-11-28T13:00:00Z")
            await server.wait { $0.tasksUnderWay == 0 }
            let text = try server.client().exchange("GET", "/metrics").text
            let labels = #"{function="tidy",schedule="0 * * * * Asia/Tokyo"}"#
            #expect(text.contains("gestaloka_schedule_last_seconds\(labels) 1795870800"))
            #expect(text.contains("gestaloka_schedule_next_seconds\(labels) 1795874400"))
            #expect(text.contains(#"gestaloka_dead_letters{queue="schedule:tidy:0 * * * * Asia/Tokyo"} 1"#))
            await server.close()
        }
    }
}

extension Host {
    fileprivate var schedules: [ScheduleWorker] {
        triggers.compactMap { $0 as? ScheduleTrigger }.flatMap(\.workers)
    }
}
