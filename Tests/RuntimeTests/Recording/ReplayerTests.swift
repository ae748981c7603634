import Base
import FoundationEssentials
import Ledger
@testable import Functions
@testable import Observability
@testable import Recording
import Runtime
import Synchronization
import Testing
import TestSupport

@Suite struct ReplayerTests {
    @Test func everyDeed_comesOutTheSame_twice() async throws {
        let play = try await Play([.deed()], Deed())
        let deeds = [
            "count", "look", "refuse", "fail", "once", "once", "watch", "none", "count", "send", "login",
            "look", "clash", "clash",
        ]
        for (index, deed) in deeds.enumerated() { await play.does("r\(index)", deed) }
        let recording = try play.recording()
        #expect(recording.invocations.count == deeds.count)
        #expect(recording.remarks.isEmpty)
        #expect(Set(recording.invocations.map(\.status)).isSuperset(of: [200, 404, 409, 500]))
        for _ in 0..<2 {
            let (result, _) = try await play.replay(recording, with: Deed())
            #expect(result.invocations.count == deeds.count)
            #expect(result.different.isEmpty, "\(result.account)")
            #expect(result.remarks.isEmpty)
            #expect(result.beyond == 0)
        }
    }

    @Test func replay_leavesTheSameStore() async throws {
        let play = try await Play([.deed()], Deed()) { state in
            // What was there before the recording began.
            let ticket = try await state.admit(
                AdmissionRequest(
                    function: "x", now: TestRuntime.start, session: nil, rates: [], concurrency: 9))
            guard case .admitted(let ticket, _) = ticket else { return }
            _ = try await state.commit(
                UnitOfWork(writes: [.save(kind: "counter", id: "1", body: #"{"id":"1","value":40}"#)]),
                at: TestRuntime.start,
                ticket: ticket, completing: nil)
        }
        #expect(await play.does("a", "count").json.contains("41"))
        await play.does("b", "count")
        let (result, store) = try await play.replay(with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        let state = try Store.file(store).open()
        #expect(
            try await state.record(kind: "counter", id: "1") == play.state.record(kind: "counter", id: "1"))
        #expect(
            try await state.journal(stream: "s:1", last: 9).entries
                == play.state.journal(stream: "s:1", last: 9).entries)
    }

    @Test func manyAtOnce_replayWithNoDifference() async throws {
        let seed: UInt64 = 0x5eed_0004
        let limits = Limits(rate: [Rate(count: 40, window: .seconds(60))])
        let play = try await Play([.deed("deed", per: .caller, limits)], Deed(outside: { ["a", "b"] }))
        await withTaskGroup(of: Void.self) { group in
            for player in 0..<12 {
                group.addTask {
                    var random = SeededRandom(seed: seed + UInt64(player))
                    let deeds = [
                        "count", "count", "look", "refuse", "once", "watch", "listen", "send", "fail",
                        "clash",
                    ]
                    for index in 0..<50 {
                        let deed = deeds[Int(random.next() % 10)]
                        await play.invoke(
                            play.event(
                                "p\(player)-\(index)", deed, "\(random.next() % 4)", as: "player_\(player)"))
                    }
                }
            }
        }
        let recording = try play.recording()
        #expect(recording.invocations.count == 600)
        #expect(recording.invocations.contains { $0.status == 429 })
        for _ in 0..<2 {
            let (result, _) = try await play.replay(recording, with: Deed())
            #expect(result.invocations.count == 600)
            #expect(result.different.isEmpty, "seed \(seed): \(result.account)")
            #expect(result.remarks.isEmpty)
        }
    }

    @Test func crossing_oneReadsWhatTheOtherWrote_andRunsAgain() async throws {
        let (entered, gate) = (Gate(), Gate())
        let runs = Count()
        let play = try await Play(
            [.deed()],
            Deed(pause: { _ in
                runs.add()
                entered.open()
                await gate.wait()
            }))
        let first = Task { await play.does("first", "wait-a") }
        await entered.wait()
        // Admitted later, committed sooner, and changing what the first has read.
        await play.does("second", "count")
        gate.open()
        #expect(await first.value.json.contains(#""value":2"#))
        #expect(runs.value == 2)
        let recording = try play.recording()
        #expect(recording.invocations.map(\.event.id) == ["second", "first"])
        #expect(recording.invocations.compactMap(\.admission) == [2, 1])
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func invocation_thatGivesUpAfterManyConflicts_isGivenUpAgain() async throws {
        // Every attempt finds that somebody else has been faster.
        let slot = Mutex<Play?>(nil)
        let play = try await Play(
            [.deed()],
            Deed(pause: { deed in
                guard deed == "wait-often", let play = slot.withLock({ $0 }) else { return }
                await play.does("other", "count")
            }))
        slot.withLock { $0 = play }
        defer { slot.withLock { $0 = nil } }
        #expect(await play.does("often", "wait-often").status == 503)
        await play.does("last", "count")
        let recording = try play.recording()
        #expect(recording.invocations.count == 18)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func entry_thatWasNotThereYet_isNotThereAgain() async throws {
        let (entered, gate) = (Gate(), Gate())
        let play = try await Play(
            [.deed()],
            Deed(pause: { _ in
                entered.open()
                await gate.wait()
            }))
        let first = Task { await play.does("first", "once", "e") }
        await entered.wait()
        gate.open()
        async let second = play.does("second", "once", "e")
        async let third = play.does("third", "once", "e")
        let texts = [await first.value.json, await second.json, await third.json]
        #expect(texts.count { $0.contains("first") } == 1)
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func refusals_areDecidedAgain() async throws {
        let rate = Limits(rate: [Rate(count: 2, window: .seconds(10))])
        let (entered, gate) = (Gate(), Gate())
        let play = try await Play(
            [
                .deed(), .deed("rated", .authenticated, rate), .deed("ops", .role("ops")),
                .deed("narrow", .authenticated, Limits(concurrency: 1)),
                .deed("small", .authenticated, Limits(body: 10)), .deed("open", .none, per: .address, rate),
            ],
            Deed(pause: { _ in
                entered.open()
                await gate.wait()
            }))
        for index in 0..<4 { await play.invoke(play.event("rate\(index)", "count"), "rated") }
        play.advance(by: .seconds(11))
        await play.invoke(play.event("later", "count"), "rated")
        for (index, address) in [
            "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.2",
            "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3",
        ].enumerated() {
            await play.invoke(play.event("address\(index)", "count", as: nil, address: address), "open")
        }
        await play.invoke(play.event("role", "count"), "ops")
        await play.invoke(play.event("large", "count"), "small")
        await play.invoke(play.event("nobody", "count", as: nil))
        let slow = Task { await play.invoke(play.event("slow", "wait-slow"), "narrow") }
        await entered.wait()
        await play.invoke(play.event("busy", "count"), "narrow")
        gate.open()
        _ = await slow.value
        var broken = play.event("broken", "count")
        broken.data = Array(#"{"deed":"count","token":"x""#.utf8)
        await play.invoke(broken)
        broken.id = "not-an-object"
        broken.data = Array("[1]".utf8)
        await play.invoke(broken)
        let recording = try play.recording()
        let statuses = Dictionary(
            recording.invocations.map { ($0.event.id, $0.status) }, uniquingKeysWith: { $1 })
        #expect(statuses["rate3"] == 429)
        #expect(statuses["later"] == 200)
        #expect((0..<10).filter { statuses["address\($0)"] == 429 } == [3, 5, 8])
        #expect(statuses["role"] == 403)
        #expect(statuses["large"] == 413)
        #expect(statuses["nobody"] == 401)
        #expect(statuses["busy"] == 503)
        #expect(statuses["broken"] == 400)
        #expect(statuses["not-an-object"] == 422)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func rates_countedBeforeTheRecording_stillCount() async throws {
        let limits = Limits(rate: [Rate(count: 2, window: .seconds(60))])
        let play = try await Play([.deed("deed", .none, per: .address, limits)], Deed()) { state in
            for block in ["192.0.2.9", "192.0.2.9", "2001:db8::/64", "2001:db8::/64"] {
                let rule = RateRule(key: "deed/address:\(block)/60000", limit: 2, window: .seconds(60))
                let request = AdmissionRequest(
                    function: "deed", now: TestRuntime.start, session: nil, rates: [rule], concurrency: 9)
                if case .admitted(let ticket, _) = try await state.admit(request) {
                    _ = try await state.commit(
                        UnitOfWork(), at: TestRuntime.start, ticket: ticket, completing: nil)
                }
            }
        }
        #expect(await play.invoke(play.event("a", "count", as: nil, address: "192.0.2.9")).status == 429)
        #expect(await play.invoke(play.event("b", "count", as: nil, address: "192.0.2.8")).status == 200)
        #expect(await play.invoke(play.event("c", "count", as: nil, address: "2001:db8::9")).status == 429)
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func tokens_thatExpireAndSessionsThatEnd_doSoAgain() async throws {
        let play = try await Play([.deed(), .deed("open", .none)], Deed())
        let login = await play.invoke(play.event("login", "login", "player_9", as: nil), "open")
        let token = try #require(try JSON.decode([String: JSONValue].self, text: login.json)["token"]?.text)
        func event(_ id: String, _ token: String) -> Event {
            var event = play.event(id, "count")
            event.credential = .token(token)
            return event
        }
        #expect(await play.invoke(event("good", token)).status == 200)
        #expect(await play.invoke(event("bad", token + "x")).status == 401)
        #expect(await play.invoke(event("nonsense", "x.y.z")).status == 401)
        let unknown = try #require(
            play.tokens.sign(
                Claims(subject: "p", session: "none", expiresAt: play.now + .seconds(60)), now: play.now))
        #expect(await play.invoke(event("no-session", unknown)).status == 401)
        // Nobody needs it there.
        #expect(await play.invoke(event("unneeded", token), "open").status == 200)
        play.advance(by: .seconds(601))
        #expect(await play.invoke(event("late", token)).status == 401)
        var late = event("socket", token)
        late.credential = .verified(
            Claims(subject: "player_9", session: "s", expiresAt: play.now + .seconds(-1)))
        #expect(await play.invoke(late).status == 401)
        let (result, _) = try await play.replay(with: Deed())
        #expect(result.invocations.count == 8)
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func overrunDeadline_overrunsAgain_withoutWaiting() async throws {
        let gate = Gate()
        let play = try await Play(
            [.deed("deed", .authenticated, Limits(timeout: .seconds(7)))],
            Deed(pause: { _ in await gate.wait() }))
        let slow = Task { await play.does("slow", "wait-long") }
        await play.timers.fire()
        #expect(await slow.value.status == 504)
        await play.does("next", "count")
        let recording = try play.recording()
        // The gate is still closed: the function itself does not run.
        let (result, _) = try await play.replay(recording, with: Deed(pause: { _ in await gate.wait() }))
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.map(\.status) == [504, 200])
        gate.open()
    }

    @Test func textsFromOutside_areGivenAgain_andNobodyIsAsked() async throws {
        let asked = Count()
        let play = try await Play(
            [.deed()],
            Deed(outside: {
                asked.add()
                return ["Once ", "\"upon\"\n", "日本"]
            }))
        await play.does("a", "listen")
        let recording = try play.recording()
        let pieces = try #require(recording.invocations.first?.taken.texts["world"]?.pieces)
        #expect(pieces.map(\.text) == ["Once ", "\"upon\"\n", "日本"])
        #expect(pieces.allSatisfy { $0.delay > .zero })
        let (result, _) = try await play.replay(
            recording,
            with: Deed(outside: {
                asked.add()
                return ["other"]
            }))
        #expect(asked.value == 1)
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func environment_ofAFunction_isKept() async throws {
        let play = try await Play(
            [.deed("deed", environment: ["PLACE", "MAP_KEY", "NONE"])], Deed(),
            environment: ["PLACE": "the inn", "MAP_KEY": "S3CRET", "OTHER": "no"])
        #expect(await play.does("a", "where").json.contains("the inn"))
        let recording = try play.recording()
        #expect(recording.environment["PLACE"] == "the inn")
        #expect(recording.environment["MAP_KEY"] == RecordingFormat.withheld)
        #expect(recording.environment["OTHER"] == nil)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }
}

extension JSONValue {
    /// A text; nil where it is something else.
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

private final class Count: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .relaxed) }
    func add() { number.add(1, ordering: .relaxed) }
}
