import Base
import Ledger
@testable import Engine
@testable import Functions
@testable import Recording
import Runtime
import Testing
import TestSupport

@Suite struct ReplayerJobTests {
    /// Does what a host does with the jobs that wait now; the outcomes.
    @discardableResult
    private func work(
        _ play: Play, _ name: String, batch: Int = 2, fate: ((JobClaim) -> JobReturn)? = nil
    ) async throws -> [Outcome] {
        let claims = try await play.state.claimJobs(
            queue: "work", owner: "host", now: play.now, leaseUntil: play.now + .seconds(6), groups: 9,
            batch: batch)
        var outcomes: [Outcome] = []
        for claim in claims {
            let event = Event(
                id: claim.jobs.last?.id ?? "", time: play.now,
                trigger: .queue(name: claim.queue, group: claim.group),
                credential: .verified(Claims(subject: claim.group)),
                data: Array((claim.jobs.first?.payload ?? "").utf8))
            let outcome = await play.invoke(event, name, completing: claim)
            if !outcome.isSuccess {
                let fate = fate?(claim) ?? .retry(at: play.now + .seconds(1))
                let number = try await play.state.giveBack(claim, fate, at: play.now)
                play.recorder.gaveBack(claim, fate, number: number, wasRun: true)
            }
            outcomes.append(outcome)
        }
        return outcomes
    }

    @Test func jobs_areClaimedDoneGivenBackAndBuried_again() async throws {
        let rate = Limits(rate: [Rate(count: 1, window: .seconds(60))])
        let play = try await Play(
            [.deed(), .deed("work"), .deed("rated", .authenticated, rate), .deed("nothing", .role("none"))],
            Deed())
        for index in 0..<6 { await play.does("send\(index)", "send", "g\(index % 2)") }
        #expect(try await work(play, "rated").allSatisfy(\.isSuccess))
        // The rate is used up: the jobs wait.
        #expect(
            try await work(play, "rated") { _ in .wait(until: play.now + .seconds(2)) }.map(\.status) == [
                429, 429,
            ])
        #expect(try await work(play, "work").isEmpty)
        play.advance(by: .seconds(3))
        #expect(try await work(play, "nothing").map(\.status) == [403, 403])
        play.advance(by: .seconds(2))
        #expect(try await work(play, "work").count == 2)
        await play.does("more", "send", "g0")
        #expect(try await work(play, "nothing") { .bury(reason: "no \($0.group)", at: play.now) }.count == 1)
        await play.does("last", "count", "g0")
        #expect(try await play.state.queueDepths().map { [$0.waiting, $0.dead] } == [[0, 1]])
        let recording = try play.recording()
        #expect(recording.returns.count == 5)
        let (result, store) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.remarks.isEmpty)
        #expect(result.invocations.count == recording.invocations.count)
        #expect(try await Store.file(store).open().queueDepths() == play.state.queueDepths())
    }

    @Test func update_keepsClaimsAndReturns() async throws {
        let play = try await Play([.deed(), .deed("work"), .deed("nothing", .role("none"))], Deed())
        for index in 0..<4 { await play.does("send\(index)", "send", "g\(index % 2)") }
        try await work(play, "nothing")
        play.advance(by: .seconds(2))
        // What failed together goes alone.
        for _ in 0..<2 { try await work(play, "work") }
        await play.does("last", "count", "g0")
        let recording = try play.recording()
        let (again, _) = try await play.replay(recording, with: Deed(step: 5), renumbers: true)
        try recording.update(with: again)
        let updated = try Recording(folder: play.folder)
        #expect(updated.returns.map(\.number) == recording.returns.map(\.number))
        let (result, store) = try await play.replay(updated, with: Deed(step: 5))
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.beyond == 0)
        #expect(try await Store.file(store).open().queueDepths().isEmpty)
    }

    /// Jobs that are given up before anything runs for them: their claim stands in the line of the return.
    @Test func jobsThatAreGivenUp_withoutBeingRun_leaveNoHole() async throws {
        let play = try await Play([.deed(), .deed("work")], Deed())
        for index in 0..<3 { await play.does("send\(index)", "send", "g") }
        let claims = try await play.state.claimJobs(
            queue: "work", owner: "host", now: play.now, leaseUntil: play.now + .seconds(6), groups: 1,
            batch: 1)
        let lost = try #require(claims.first)
        let fate = JobReturn.bury(reason: "lost", at: play.now)
        let number = try await play.state.giveBack(lost, fate, at: play.now)
        play.recorder.gaveBack(lost, fate, number: number, wasRun: false)
        #expect(try await work(play, "work").count == 1)
        await play.does("last", "count", "g")
        let recording = try play.recording()
        let (result, store) = try await play.replay(recording, with: Deed(), renumbers: true)
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.beyond == 0 && result.remarks.isEmpty)
        #expect(try await Store.file(store).open().queueDepths() == play.state.queueDepths())
        // And so it is where the recording is written anew.
        try recording.update(with: result)
        let (again, _) = try await play.replay(try Recording(folder: play.folder), with: Deed())
        #expect(again.different.isEmpty && again.beyond == 0)
    }

    @Test func leaseThatWasLost_isLostAgain() async throws {
        let (entered, gate) = (Gate(), Gate())
        let play = try await Play(
            [.deed(), .deed("work")],
            Deed(pause: { _ in
                entered.open()
                await gate.wait()
            }))
        await play.does("send", "send", "g")
        let late = try #require(
            try await play.state.claimJobs(
                queue: "work", owner: "a", now: play.now, leaseUntil: play.now + .seconds(6), groups: 1,
                batch: 1
            ).first)
        let slow = Task {
            await play.invoke(play.event("slow", "wait-job", as: "g"), "work", completing: late)
        }
        await entered.wait()
        play.advance(by: .seconds(7))
        let taken = try await work(play, "work")
        #expect(taken.map(\.status) == [200])
        gate.open()
        #expect(await slow.value.status == 503)
        let number = try await play.state.giveBack(late, .retry(at: play.now), at: play.now)
        play.recorder.gaveBack(late, .retry(at: play.now), number: number, wasRun: true)
        #expect(number == 0)
        await play.does("last", "count", "g")
        let recording = try play.recording()
        let (result, store) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.beyond == 0)
        #expect(try await Store.file(store).open().queueDepths().isEmpty)
    }

    @Test func manyWorkersAtOnce_replayWithNoDifference() async throws {
        let play = try await Play([.deed(), .deed("work"), .deed("nothing", .role("none"))], Deed())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for player in 0..<6 {
                group.addTask {
                    for index in 0..<20 { await play.does("p\(player)-\(index)", "send", "g\(player % 3)") }
                }
            }
            for worker in 0..<3 {
                group.addTask {
                    for round in 0..<25 {
                        try await work(play, round % 4 == worker ? "nothing" : "work") { _ in
                            .retry(at: play.now)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let recording = try play.recording()
        #expect(recording.invocations.contains { $0.taken.claim != nil })
        let (result, store) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.beyond == 0)
        #expect(try await Store.file(store).open().queueDepths() == play.state.queueDepths())
    }
}
