import SQLite
@testable import Base
import FoundationEssentials
@testable import Ledger
@testable import Engine
@testable import Functions
@testable import Observability
@testable import Recording
import Runtime
import Synchronization
import Testing
import TestSupport

/// Whatever the pipeline answers can be replayed: plays made up from a seed with each status, each trigger, each way in
/// which a text from outside ends, each fault of the store, and data that nobody should send.
@Suite struct ReplayEverythingTests {
    fileprivate static let triggers: [Event.Source] = [
        .direct, .http(method: "POST", path: "/deed"), .http(method: "GET", path: "/d\u{e9}ed"),
        .socket(event: "deed", connection: "c_1", host: "h_1"),
        .socket(event: "", connection: "c_2", host: "h_1"),
        .socket(event: "/lobby#$connect", connection: "c_3", host: "h_2"),
        .queue(name: "work", group: ""), .queue(name: "work", group: "player_1"),
    ]

    private static let faults: [StoreError] = [
        .full, .busy, .corrupt, .readOnly, .io(code: 266), .closed, .overloaded, .admissionLost(full: false),
        .admissionLost(full: true), .leaseLost,
        .unexpected(code: 21, statement: "INSERT INTO \"x\""),
    ]

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    /// What no client should send, and what is on the edge of what may be sent.
    private static let strangeData: [String] =
        [
            "", "null", "{", "[1]", "\u{0}", "{}\n", #"{"deed":"count","deed":"look","target":"1"}"#,
            #"{"deed":"count","target":"\ud800"}"#, #"{"deed":"count","target":"1","\udc00":1}"#,
            #"{"deed":"count","target":"1","token":"\ud800"}"#,
            #"{"deed":"\ud83d","target":"1","token":"x"}"#,
            #"["\udfff",{"password":"x"}]"#, #""\ud800""#, #"{"deed":"count","target":"\ud83d\ude00"}"#,
            #"{"deed":"count","target":"x","token":"a"#, #"{"\u0074oken":"x","deed":"count","target":"1"}"#,
            #"{"deed":"count","target":"eyJhIjoxfQ.e30.x\ud800"}"#,
        ] + [99, 100, 101, 124, 125, 126, 127, 128, 129, 200, 5_000].map(nested)
        + [126, 127, 128, 129].map { #"{"deed":"count","target":"1","token":1,"x":"# + nested($0) + "}" }

    private static let entries: [FunctionEntry] = {
        let rate = Limits(rate: [Rate(count: 3, window: .seconds(10))])
        var keyed = FunctionEntry.deed("keyed", .authenticated)
        keyed.idempotencyKey = "key"
        return [
            .deed(), .deed("rated", .authenticated, rate), .deed("open", .none, per: .address, rate),
            .deed("ops", .role("ops")), .deed("small", .authenticated, Limits(body: 16)),
            .deed("narrow", .authenticated, Limits(concurrency: 1)), keyed,
            FunctionEntry(name: "listen", handler: "Listener"),
            FunctionEntry(name: "echo", handler: "Echo", limits: Limits(body: 16 << 20)),
        ]
    }()

    /// The gate of the moment.
    private final class Bell: Sendable {
        private let current = Mutex(Gate())
        var gate: Gate {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }
    }

    private final class Script: Sendable {
        let play: Play
        let faulty: FaultyState
        private let random: Mutex<SeededRandom>
        private let count = Mutex(0)

        init(_ play: Play, _ faulty: FaultyState, _ seed: UInt64) {
            self.play = play
            self.faulty = faulty
            random = Mutex(SeededRandom(seed: seed))
        }

        func below(_ bound: Int) -> Int { random.withLock { Int($0.next() % UInt64(bound)) } }
        func any<T>(_ values: [T]) -> T { values[below(values.count)] }

        func event(_ deed: String, _ target: String? = nil) -> Event {
            let number = count.withLock { count in
                count += 1
                return count
            }
            return play.event(
                "r\(number)", deed, target ?? String(below(3)), address: any(["192.0.2.1", "2001:db8::1"]),
                trigger: any(ReplayEverythingTests.triggers))
        }

        /// Of one who has no role, or of nobody.
        func event(_ deed: String, of credential: Event.Credential) -> Event {
            var event = event(deed)
            event.credential = credential
            return event
        }

        func malformed() -> Event {
            var event = event("count")
            event.data = Array("{".utf8)
            return event
        }
    }

    /// `REPLAY_SEEDS=FIRST-LAST` says which; a handful where it says nothing.
    private static let seeds: [UInt64] = {
        let ends = ProcessInfo.processInfo.environment["REPLAY_SEEDS"]?.split(separator: "-")
            .compactMap { UInt64($0) }
        guard let ends, ends.count == 2, ends[0] <= ends[1] else { return Array(1...3) }
        return Array(ends[0]...ends[1])
    }()

    @Test(arguments: seeds)
    func everythingThatThePipelineAnswers_replaysWithNoDifference(_ seed: UInt64) async throws {
        let faulty = FaultyState()
        let heard = Bell()
        let (entered, hold) = (Bell(), Bell())
        let play = try await Play(
            Self.entries,
            Deed(pause: { deed in
                guard deed.hasPrefix("wait-") else { return }
                entered.gate.open()
                await hold.gate.wait()
            }), Listener(onWait: { heard.gate.open() }), Echo(),
            faulty: faulty)
        let script = Script(play, faulty, seed)
        var acts: [@Sendable () async -> [Int]] = []
        for place in FaultyState.Place.allCases {
            acts += Self.faults.map { fault in { [await self.fault(script, place, fault)] } }
        }
        for end in ["whole", "fails", "cancels", "waits", "left"] {
            acts += [true, false].map { insists in { [await self.listen(script, heard, end, insists)] } }
        }
        acts += Self.strangeData.map { data in { [await self.strange(script, data)] } }
        for _ in 0..<12 {
            acts += [
                { await self.crowd(script) }, { [await self.refused(script)] },
                { [await self.keyed(script)] }, { [await self.echo(script)] },
                { [await play.invoke(script.event("count"), script.any(["rated", "open"])).status] },
                { [await play.invoke(script.event("count"), script.any(["rated", "open"])).status] },
                {
                    play.advance(by: .milliseconds(Int64(script.below(4_000))))
                    return []
                },
            ]
        }
        acts += [
            {
                let stranger = Event.Credential.verified(Claims(subject: "p"))
                return [await play.invoke(script.event("count", of: stranger), "ops").status]
            },
            { [await play.invoke(script.event("count", of: .none)).status] },
            { [await play.invoke(script.malformed()).status] },
            { await self.narrow(script, entered, hold) }, { await self.overrun(script, entered, hold) },
            { await self.narrow(script, entered, hold) }, { await self.overrun(script, entered, hold) },
        ]
        var seen: Set<Int> = []
        while !acts.isEmpty { seen.formUnion(await acts.remove(at: script.below(acts.count))()) }
        #expect(
            seen.isSuperset(of: [200, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 504, 507]),
            "seed \(seed): \(seen.sorted())")
        let recording = try play.recording()
        #expect(recording.remarks.isEmpty)
        for _ in 0..<2 {
            let (result, _) = try await play.replay(recording, with: Deed(), Listener(), Echo())
            #expect(result.different.isEmpty, "seed \(seed): \(result.account)")
            #expect(
                result.isComplete,
                "seed \(seed): \(result.remarks), hole \(result.hole ?? -1), \(result.beyond) beyond")
            #expect(result.invocations.count == recording.invocations.count)
        }
        // Written anew, it is the same again.
        let (again, _) = try await play.replay(recording, with: Deed(), Listener(), Echo(), renumbers: true)
        try recording.update(with: again)
        let updated = try Recording(folder: play.folder)
        let (result, _) = try await play.replay(updated, with: Deed(), Listener(), Echo())
        #expect(result.different.isEmpty, "seed \(seed): \(result.account)")
        #expect(result.isComplete)
    }

    private static let deeds = ["count", "look", "refuse", "fail", "none", "once", "watch", "send", "clash"]

    private func crowd(_ script: Script) async -> [Int] {
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<(1 + script.below(8)) {
                let event = script.event(script.any(Self.deeds))
                group.addTask { await script.play.invoke(event).status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func fault(_ script: Script, _ place: FaultyState.Place, _ fault: StoreError) async -> Int {
        // Where the function asks the store for nothing, the fault would be left over.
        let event = script.event(
            script.any(place == .read ? ["count", "look", "once"] : ["count", "refuse"]))
        script.faulty.fail(at: place, with: fault)
        return await script.play.invoke(event).status
    }

    private func listen(_ script: Script, _ heard: Bell, _ end: String, _ insists: Bool) async -> Int {
        var event = script.event("")
        event.data = Array(#"{"end":"\#(end)","pieces":\#(script.below(6)),"insists":\#(insists)}"#.utf8)
        let (listening, gate) = (event, Gate())
        heard.gate = gate
        let task = Task { await script.play.invoke(listening, "listen").status }
        if end == "waits" {
            await gate.wait()
            task.cancel()
        }
        return await task.value
    }

    /// Two at once where one may be.
    private func narrow(_ script: Script, _ entered: Bell, _ hold: Bell) async -> [Int] {
        (entered.gate, hold.gate) = (Gate(), Gate())
        let (slow, next) = (script.event("wait-a"), script.event("count"))
        let first = Task { await script.play.invoke(slow, "narrow").status }
        await entered.gate.wait()
        let second = await script.play.invoke(next, "narrow").status
        hold.gate.open()
        return [await first.value, second]
    }

    private func overrun(_ script: Script, _ entered: Bell, _ hold: Bell) async -> [Int] {
        (entered.gate, hold.gate) = (Gate(), Gate())
        let slow = script.event("wait-b")
        let first = Task { await script.play.invoke(slow).status }
        await entered.gate.wait()
        await script.play.timers.fire()
        let status = await first.value
        hold.gate.open()
        return [status]
    }

    private func strange(_ script: Script, _ data: String) async -> Int {
        var event = script.event("")
        event.data = Array(data.utf8)
        event.idempotencyKey = script.any([nil, "k 1", "\"k\""])
        if script.below(4) == 0 { event.form = script.any([.arguments, .text]) }
        return await script.play.invoke(event, script.any(["deed", "keyed", "echo", "small"])).status
    }

    private func refused(_ script: Script) async -> Int {
        var event = script.event("count")
        if script.below(2) == 0 {
            event.data = Array(#"{"deed":"count","target":"\#(String(repeating: "x", count: 70_000))"}"#.utf8)
        }
        event.credential = script.any([
            .none, .token("x.y.z"), .token("nonsense"),
            .verified(Claims(subject: "p", expiresAt: script.play.now + .seconds(-1))),
            .verified(Claims(subject: "p", session: "session_none")), .verified(Claims(subject: "p")),
        ])
        return await script.play.invoke(event, script.any(["deed", "ops", "small"])).status
    }

    private func keyed(_ script: Script) async -> Int {
        var event = script.event(script.any(["count", "fail"]), "1")
        let key = script.any(["a", "b", "c"])
        event.idempotencyKey = script.any([nil, key, "\"\(key)\"", "z", "not a key"])
        if script.below(2) == 0 {
            event.data = Array(#"{"deed":"count","target":"1","key":"\#(key)"}"#.utf8)
        }
        return await script.play.invoke(event, "keyed").status
    }

    private func echo(_ script: Script) async -> Int {
        var event = script.event("")
        let value = script.any([
            Self.nested(120), Self.nested(100), #"{"a":[1.5,true,null,"\u0000é\ud83d\ude00"]}"#,
            #"{"long":"\#(String(repeating: "é", count: script.below(200_000)))"}"#,
        ])
        event.data = Array(value.utf8)
        return await script.play.invoke(event, "echo").status
    }
}
