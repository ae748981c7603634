@testable import Base
@testable import Ledger
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct SerialStateTests {
    private struct Pair {
        let fixture: Fixture
        let serial: SerialState

        init() throws {
            fixture = try Fixture()
            let path = fixture.directory.file("serial.db")
            // A store is made by `SQLiteState` alone.
            try SQLiteState(path: path).close()
            serial = try SerialState(path: path)
        }
    }

    /// What an admission came to, without what is the engine's own.
    private func words(_ decision: AdmissionDecision) -> String {
        switch decision {
        case .admitted(let ticket, let status): "admitted \(ticket.number) \(status.map { "\($0)" } ?? "-")"
        case .answered(let kept, let number): "answered \(kept) \(number)"
        case .sessionEnded(let number): "session ended \(number)"
        case .sessionOfAnother(let number): "session of another \(number)"
        case .rateExceeded(let status, let number): "rate \(status) \(number)"
        case .concurrencyExceeded(let number): "concurrency \(number)"
        }
    }

    private func request(_ random: inout SplitMix64, now: Int64) -> AdmissionRequest {
        let rule = RateRule(key: "f/\(random.next() % 3)/1000", limit: 3, window: .seconds(1))
        let session = random.next() % 3 == 0 ? "s\(random.next() % 4)" : nil
        return AdmissionRequest(
            function: "f", now: at(now), session: session, of: ["p", "q", nil][Int(random.next() % 3)],
            rates: [rule],
            concurrency: random.next() % 9 == 0 ? 0 : 100, key: key(&random))
    }

    private func key(_ random: inout SplitMix64) -> RequestKey? {
        random.next() % 3 == 0 ? RequestKey(name: "k\(random.next() % 9)", fingerprint: [1]) : nil
    }

    private func unit(_ random: inout SplitMix64) -> UnitOfWork {
        let id = "\(random.next() % 5)"
        var reads: [UnitOfWork.Read] = []
        if random.next() % 2 == 0 {
            reads.append(.record(kind: "p", id: id, version: Int64(random.next() % 3)))
        }
        if random.next() % 2 == 0 { reads.append(.entry(id: "e\(random.next() % 20)", isThere: false)) }
        let writes: [UnitOfWork.Write] = (0..<random.next() % 4).map { _ in
            switch random.next() % 12 {
            case 0: .save(kind: "p", id: id, body: "\(random.next() % 100)")
            // Some ids are there already, and the unit fails.
            case 1, 10: entry("e\(random.next() % 20)")
            case 2: job("j\(random.next() % 9)", group: "g\(random.next() % 2)")
            case 3: emit("x")
            case 4:
                .openSession(
                    id: "s\(random.next() % 4)", subject: "p", expiresAt: at(Int64(random.next() % 9_000)))
            case 5: .revokeSession(id: "s\(random.next() % 4)")
            case 6: .join(room: "r", .subject("p"))
            case 7: .suspend(connection: "c\(random.next() % 3)")
            case 8: .close(.connection("c\(random.next() % 3)"), reason: "r")
            case 9: .disconnect(connection: "c\(random.next() % 3)", host: "h")
            default: .connect(connection: "c\(random.next() % 3)", host: "h", subject: "p", session: nil)
            }
        }
        let answer = key(&random).map {
            KeptAnswer(key: $0, status: 200, json: id, expiresAt: at(Int64(random.next() % 9_000)))
        }
        return UnitOfWork(reads: reads, writes: writes, answer: answer)
    }

    @Test func sameOperations_comeToTheSame() async throws {
        let seed: UInt64 = 0x5eed_0003
        var random = SplitMix64(seed: seed)
        let pair = try Pair()
        let (state, serial) = (pair.fixture.state, pair.serial)
        var (failures, conflicts, repetitions) = (0, 0, 0)
        for round in 0..<400 {
            let now = Int64(round) * 20
            let request = request(&random, now: now)
            let (first, second) = (try await state.admit(request), try serial.admit(request))
            #expect(words(first) == words(second), "seed \(seed), round \(round)")
            if words(first).hasPrefix("answered") { repetitions += 1 }
            if case .admitted(let ticket, _) = first, case .admitted(let own, _) = second {
                let unit = unit(&random)
                let (one, other) = (
                    await result {
                        try await state.commit(unit, at: at(now), ticket: ticket, completing: nil)
                    },
                    await result { try serial.commit(unit, at: at(now), ticket: own, completing: nil) }
                )
                #expect(one == other, "seed \(seed), round \(round)")
                if one.hasPrefix("failed") { failures += 1 }
                if one == "conflict" { conflicts += 1 }
                if one.hasPrefix("answered") { repetitions += 1 }
                if !one.hasPrefix("committed"), !one.hasPrefix("answered") {
                    state.release(ticket)
                    serial.release(own)
                }
            }
            for id in 0..<5 {
                #expect(try state.record(kind: "p", id: "\(id)") == serial.record(kind: "p", id: "\(id)"))
            }
        }
        #expect(failures > 0 && conflicts > 0 && repetitions > 1)
        #expect(
            try state.journal(stream: "s", last: 999).entries
                == serial.journal(stream: "s", last: 999, upTo: .max).entries)
        #expect(try state.journalEntry(id: "e1") == serial.journalEntry(id: "e1"))
    }

    private func result(_ body: () async throws -> CommitDecision) async -> String {
        do {
            switch try await body() {
            case .committed(let number): return "committed \(number)"
            case .conflict: return "conflict"
            case .answered(let kept, let number): return "answered \(kept) \(number)"
            }
        } catch { return "failed \(error)" }
    }

    private func commit(
        _ serial: SerialState, _ writes: [UnitOfWork.Write], completing claim: JobClaim? = nil
    ) throws -> Int64 {
        let request = AdmissionRequest(function: "f", now: at(1), session: nil, rates: [], concurrency: 9)
        guard case .admitted(let ticket, _) = try serial.admit(request),
            case .committed(let number) = try serial.commit(
                UnitOfWork(writes: writes), at: at(1), ticket: ticket, completing: claim)
        else { throw Unexpected.conflict }
        return number
    }

    @Test func failedUnit_leavesNoHoleInTheNumbers() throws {
        let serial = try Pair().serial
        let number = try commit(serial, [entry("same")])
        let request = AdmissionRequest(function: "f", now: at(1), session: nil, rates: [], concurrency: 9)
        guard case .admitted(let ticket, _) = try serial.admit(request) else { throw Unexpected.conflict }
        #expect(throws: StoreError.self) {
            try serial.commit(
                UnitOfWork(writes: [emit("1"), job("j"), entry("same")]), at: at(1), ticket: ticket,
                completing: nil)
        }
        #expect(try serial.number() == number + 1, "its admission alone")
        #expect(try serial.claim(queue: "story", group: "g", count: 1, until: at(9)) == nil)
    }

    @Test func jobs_areClaimedByGroup_doneAndGivenBack() throws {
        let serial = try Pair().serial
        _ = try commit(serial, [job("1"), job("2"), job("3")])
        let before = try serial.number()
        let claim = try #require(try serial.claim(queue: "story", group: "g", count: 2, until: at(9)))
        #expect(claim.jobs.map(\.id) == ["1", "2"])
        #expect(claim.lease == before + 1)
        try serial.giveBack(claim, .retry(at: at(99)))
        #expect(try serial.number() == before + 2)
        // Ready or not.
        let again = try #require(try serial.claim(queue: "story", group: "g", count: 2, until: at(9)))
        #expect(again.jobs.map(\.attempts) == [2, 2])
        try serial.giveBack(claim, .retry(at: at(99)))
        #expect(try serial.number() == before + 3, "a lost lease takes no number")
        _ = try commit(serial, [], completing: again)
        #expect(throws: StoreError.leaseLost) { try commit(serial, [], completing: again) }
        let last = try #require(try serial.claim(queue: "story", group: "g", count: 9, until: at(9)))
        #expect(last.jobs.map(\.id) == ["3"])
        #expect(try serial.claim(queue: "story", group: "none", count: 9, until: at(9)) == nil)
    }

    @Test func reads_seeWhatIsNotFlushed_andTheFileHasItAfterClosing() async throws {
        let fixture = try Fixture()
        fixture.state.close()
        let serial = try SerialState(path: fixture.path)
        // More than one SQLite transaction holds.
        for index in 0..<1_500 {
            _ = try commit(serial, [.save(kind: "p", id: "1", body: "\(index)"), entry("e\(index)")])
        }
        #expect(try serial.record(kind: "p", id: "1") == Record(version: 1_500, body: "1499"))
        #expect(try serial.journal(stream: "s", last: 2, upTo: 20).entries.allSatisfy { $0.number <= 20 })
        let number = try serial.number()
        try serial.close()
        #expect(throws: StoreError.closed) { try serial.number() }
        #expect(throws: StoreError.closed) { try commit(serial, []) }
        try serial.close()
        let state = try SQLiteState(path: fixture.path)
        #expect(try state.record(kind: "p", id: "1") == Record(version: 1_500, body: "1499"))
        #expect(try await state.ticket().number == number + 1)
    }

    @Test func whatIsNoStore_isRefused() throws {
        let fixture = try Fixture()
        #expect(throws: StoreError.self) { try SerialState(path: fixture.directory.file("none/none.db")) }
    }
}
