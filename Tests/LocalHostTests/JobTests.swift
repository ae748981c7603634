import Net
import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing

@Suite struct JobTests {
    private static func worker(
        _ record: Record, batch: Int = 1, limits: Limits = Limits(),
        body: @escaping Body = { input, _ in input }
    ) -> Route {
        Route("work", on: .queue(name: "q", batch: batch), access: .authenticated, limits: limits) {
            input, context in
            guard case .queue(_, let group) = context.trigger else { return .null }
            record.add("\(group) \(text(of: input))")
            return try await body(input, context)
        }
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .integer(let number): String(number)
        case .array(let values): values.map(text).joined(separator: ",")
        default: "?"
        }
    }

    private func job(_ number: Int, group: String = "g") -> UnitOfWork.Write {
        .enqueue(queue: "q", group: group, id: "\(group)-\(number)", payload: "\(number)", traceparent: nil)
    }

    @Test func jobs_runOnceTheyAreEnqueued_onBehalfOfTheirGroup() async throws {
        let record = try Record()
        let enqueue = Route("enqueue", on: .http(method: "POST", path: "/enqueue")) { input, context in
            try context.enqueue(input, id: context.identifier("job"), on: "q", group: "ada")
            return .null
        }
        let worker = Self.worker(record) { _, context in
            record.add(try context.subject)
            return .null
        }
        try await serve([enqueue, worker]) { server in
            let answer = try server.client().exchange("POST", "/enqueue", body: "1")
            #expect(answer.status == 200)
            #expect(record.wait(for: 2) == ["ada 1", "ada"])
        }
    }

    @Test func jobsOfAGroup_runInOrder_thoseOfOthersMeanwhile() async throws {
        let record = try Record()
        let gate = Gate()
        let worker = Self.worker(record) { input, _ in
            if input == .integer(0) { await gate.pass() }
            return input
        }
        try await serve([worker]) { server in
            try await server.state.apply((0..<5).map { job($0, group: "slow") })
            _ = record.wait(for: 1)
            try await server.state.apply((1..<20).map { job($0, group: "quick") })
            #expect(record.wait(for: 20).dropFirst() == (1..<20).map { "quick \($0)" }[...])
            gate.open()
            #expect(record.wait(for: 24).suffix(4) == (1..<5).map { "slow \($0)" }[...])
        }
    }

    @Test func batch_isHandedOverTogether() async throws {
        let record = try Record()
        try await serve([Self.worker(record, batch: 3)]) { server in
            try await server.state.apply((0..<7).map { job($0) })
            #expect(record.wait(for: 3) == ["g 0,1,2", "g 3,4,5", "g 6"])
        }
    }

    @Test func concurrency_holds_andEveryJobIsDone() async throws {
        let record = try Record()
        let running = try Record()
        let gate = Gate()
        var limits = Limits()
        limits.concurrency = 3
        let worker = Self.worker(record, limits: limits) { input, _ in
            await gate.pass()
            running.add("done")
            return input
        }
        try await serve([worker]) { server in
            try await server.state.apply((0..<30).map { job($0, group: "g\($0)") })
            _ = record.wait(for: 3)
            _ = try server.client().exchange("GET", "/healthz")
            #expect(record.all.count == 3)
            gate.open()
            #expect(running.wait(for: 30).count == 30)
        }
    }

    @Test func rate_makesJobsWait_withoutLosingThem() async throws {
        let record = try Record()
        var limits = Limits()
        limits.rate = [Rate(count: 2, window: .seconds(1))]
        try await serve([Self.worker(record, limits: limits)]) { server in
            try await server.state.apply((0..<5).map { job($0) })
            #expect(record.wait(for: 5) == (0..<5).map { "g \($0)" })
            #expect(try await server.state.queueDepths().allSatisfy { $0.dead == 0 })
        }
    }

    @Test func failingJob_isTriedAgain_thenBuried_andTheNextOneRuns() async throws {
        let record = try Record()
        var limits = HostLimits()
        limits.jobAttempts = 2
        let worker = Self.worker(record) { input, _ in
            if input == .integer(1) { throw NotCommitted() }
            return input
        }
        try await serve([worker], limits: limits) { server in
            try await server.state.apply([job(1), job(2)])
            #expect(record.wait(for: 3) == ["g 1", "g 1", "g 2"])
            #expect(try await server.state.queueDepths().first?.dead == 1)
        }
    }

    @Test func jobThatIsWrong_isBuriedAtOnce() async throws {
        let record = try Record()
        let worker = Self.worker(record) { input, _ in
            if input == .integer(1) { throw InvalidInput("/x", "is wrong") }
            return input
        }
        try await serve([worker]) { server in
            try await server.state.apply([job(1), job(2)])
            #expect(record.wait(for: 2) == ["g 1", "g 2"])
            #expect(try await server.state.queueDepths().first?.dead == 1)
        }
    }

    /// One bad job of a batch is found, and is the only one to go.
    @Test func aBatchThatFails_isTakenApart() async throws {
        let record = try Record()
        var limits = HostLimits()
        limits.jobAttempts = 2
        let worker = Self.worker(record, batch: 8) { input, _ in
            if Self.text(of: input).contains("3") { throw InvalidInput("/x", "is wrong") }
            if Self.text(of: input).contains("5") { throw NotCommitted() }
            return input
        }
        try await serve([worker], limits: limits) { server in
            try await server.state.apply((1...6).map { job($0) })
            #expect(
                record.wait(for: 7) == ["g 1,2,3,4,5,6", "g 1", "g 2", "g 3", "g 4", "g 5", "g 6"])
            let state = server.state
            await server.wait { _ in (try? await state.queueDepths())?.first?.waiting == 0 }
            #expect(try await state.queueDepths().map(\.dead) == [2])
        }
    }

    /// What ends its host each time is given up at last, without being run, and never was a failure before.
    @Test func jobsWhoseHostsDie_areBounded() async throws {
        try await offPool {
            let record = try Record()
            let first = try await Server([])
            try await first.state.apply([job(1, group: "poison"), job(2, group: "good")])
            var now: Int64 = 2_000
            for round in 0..<5 {
                let claims = try await first.state.claimJobs(
                    queue: "q", owner: "dead-\(round)", now: Timestamp(milliseconds: now),
                    leaseUntil: Timestamp(milliseconds: now + 10), groups: 9, batch: 1)
                // The good one is done while the other is not yet suspected.
                for claim in claims where claim.group == "good" {
                    try await first.state.giveBack(
                        claim, .wait(until: Timestamp(milliseconds: 1)), at: Timestamp(milliseconds: now))
                }
                now += 2_000
            }
            let second = try await Server([Self.worker(record)], sharing: first)
            #expect(record.wait(for: 1) == ["good 2"])
            let state = second.state
            await second.wait { _ in (try? await state.queueDepths())?.first?.waiting == 0 }
            #expect(record.all == ["good 2"])
            #expect(try await state.queueDepths().map(\.dead) == [1])
            await second.close()
            await first.close()
        }
    }

    @Test func fiveRestarts_areNoFailures() async throws {
        try await offPool {
            let record = try Record()
            let first = try await Server([])
            try await first.state.apply([job(1)])
            for round in 0..<4 as Range<Int64> {
                let now = Timestamp(milliseconds: 2_000 + round * 2_000)
                let claims = try await first.state.claimJobs(
                    queue: "q", owner: "dead-\(round)", now: now, leaseUntil: now + .milliseconds(10),
                    groups: 9,
                    batch: 1)
                #expect(claims.count == 1)
            }
            let worker = Self.worker(record) { input, _ in
                if record.all.count < 2 { throw NotCommitted() }
                return input
            }
            let second = try await Server([worker], sharing: first)
            #expect(record.wait(for: 2) == ["g 1", "g 1"])
            let state = second.state
            await second.wait { _ in (try? await state.queueDepths())?.isEmpty == true }
            #expect(try await state.queueDepths().isEmpty)
            await second.close()
            await first.close()
        }
    }

    /// The manifest says with which role a queue's jobs run: our own functions have put them there.
    @Test func aQueueOfAFunctionForARole_runsItsJobs_withThatRole() async throws {
        let record = try Record()
        let worker = Route("work", on: .queue(name: "q", batch: 1), access: .role("ops")) { input, context in
            record.add("\(context.caller?.subject ?? "nobody") \(context.caller?.roles ?? [])")
            return input
        }
        try await serve([worker]) { server in
            try await server.state.apply([job(1)])
            #expect(record.wait(for: 1) == [#"g ["ops"]"#])
            let state = server.state
            await server.wait { _ in (try? await state.queueDepths())?.isEmpty == true }
            #expect(try await state.queueDepths().isEmpty)
        }
    }

    @Test func jobsOfADeadHost_areTakenOver_onceItsLeaseHasEnded() async throws {
        try await offPool {
            let record = try Record()
            let first = try await Server([])
            try await first.state.apply([job(1)])
            let now = first.invoker.platform.now()
            let lease = now + .milliseconds(600)
            let claims = try await first.state.claimJobs(
                queue: "q", owner: "dead", now: now, leaseUntil: lease, groups: 1, batch: 1)
            #expect(claims.count == 1)
            let ended = try Record()
            let worker = Self.worker(record) { input, context in
                ended.add(context.now >= lease ? "late" : "early")
                return input
            }
            let second = try await Server([worker], sharing: first)
            #expect(ended.wait(for: 1) == ["late"])
            await second.close()
            await first.close()
        }
    }

    @Test func jobsThatRunForLong_keepTheirLease() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            var limits = HostLimits()
            // Long enough for a slow disk; the job runs for longer still.
            limits.lease = .seconds(2)
            limits.heartbeat = .milliseconds(50)
            let worker = Self.worker(record) { input, _ in
                await gate.pass()
                return input
            }
            let first = try await Server([worker], limits: limits)
            let second = try await Server([worker], limits: limits, sharing: first)
            try await first.state.apply([job(1)])
            _ = record.wait(for: 1)
            let later = try Record()
            _ = first.loop.schedule(after: .milliseconds(2_500)) { later.add("later") }
            _ = later.wait(for: 1)
            gate.open()
            await second.close()
            await first.close()
            #expect(record.all == ["g 1"])
        }
    }

    @Test func stop_waitsForTheJobThatRuns_andLeavesTheNext() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            let worker = Self.worker(record) { input, _ in
                await gate.pass()
                return input
            }
            let server = try await Server([worker])
            try await server.state.apply([job(1), job(2)])
            _ = record.wait(for: 1)
            async let left = server.host.stop()
            while await !server.host.isStopping {}
            gate.open()
            #expect(await left == 0)
            #expect(record.all == ["g 1"])
            #expect(try await server.state.queueDepths().first?.waiting == 1)
            await server.close()
        }
    }
}
