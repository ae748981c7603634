import Base
import Ledger
import StoreSupport
import Testing

@Suite struct CommitTests {
    @Test(arguments: engines) func manyConcurrentUnits_areAllCommitted_eachWithItsNumber(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let numbers = try await withThrowingTaskGroup(of: Int64.self) { group in
            for task in 0..<300 {
                group.addTask {
                    try await state.apply([entry("e\(task)"), .save(kind: "p", id: "\(task)", body: "1")])
                }
            }
            return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(numbers.count == 300)
        let slice = try await state.journal(stream: "s", last: 1_000)
        #expect(slice.entries.count == 300)
        #expect(slice.entries.map(\.number) == slice.entries.map(\.number).sorted())
        for task in 0..<300 {
            #expect(try await state.record(kind: "p", id: "\(task)") == Record(version: 1, body: "1"))
        }
    }

    @Test(arguments: engines) func readRecordThatChanged_isAConflict_andTheTicketStaysValid(
        _ engine: TestedEngine
    ) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let ticket = try await state.ticket()
        try await state.apply([.save(kind: "p", id: "1", body: "a")])
        func unit(_ version: Int64) -> UnitOfWork {
            UnitOfWork(
                reads: [.record(kind: "p", id: "1", version: version), .journal(stream: "s", upTo: 0)],
                writes: [.save(kind: "p", id: "1", body: "b"), entry("x")])
        }
        #expect(try await state.commit(unit(0), at: at(1), ticket: ticket, completing: nil) == .conflict)
        #expect(try await state.commit(unit(2), at: at(1), ticket: ticket, completing: nil) == .conflict)
        #expect(try await state.record(kind: "p", id: "1") == Record(version: 1, body: "a"))
        #expect(try await state.journalEntry(id: "x") == nil)
        let decision = try await state.commit(unit(1), at: at(7), ticket: ticket, completing: nil)
        guard case .committed = decision else {
            Issue.record("\(decision)")
            return
        }
        #expect(try await state.record(kind: "p", id: "1") == Record(version: 2, body: "b"))
        #expect(try await state.journalEntry(id: "x")?.at == at(7))
    }

    @Test(arguments: engines) func readModifyWrite_losesNoUpdate_overTwoProcesses(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let other = try fixture.another()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for state in [fixture.state, other] {
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<20 {
                            let ticket = try await state.ticket()
                            var isDone = false
                            while !isDone {
                                let old = try await state.record(kind: "n", id: "1")
                                let unit = UnitOfWork(
                                    reads: [.record(kind: "n", id: "1", version: old?.version ?? 0)],
                                    writes: [
                                        .save(kind: "n", id: "1", body: "\((Int(old?.body ?? "0") ?? 0) + 1)")
                                    ])
                                let decision = try await state.commit(
                                    unit, at: at(1), ticket: ticket, completing: nil)
                                isDone = decision != .conflict
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await fixture.state.record(kind: "n", id: "1") == Record(version: 80, body: "80"))
    }

    @Test(arguments: engines) func journal_givesTheLastEntriesOldestFirst_asOfANumber(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        #expect(try await state.journal(stream: "s", last: 5) == JournalSlice(entries: [], upTo: 0))
        for index in 1...7 { try await state.apply([entry("e\(index)", body: "\(index)")]) }
        let last = try await state.apply([entry("other", stream: "t")])
        let slice = try await state.journal(stream: "s", last: 3)
        #expect(slice.entries.map(\.id) == ["e5", "e6", "e7"])
        #expect(slice.upTo == last)
        #expect(try await state.journal(stream: "s", last: 0).entries.isEmpty)
        #expect(try await state.journal(stream: "s", last: -1).entries.isEmpty)
        #expect(try await state.journalEntry(id: "other")?.stream == "t")
        #expect(try await state.journalEntry(id: "none") == nil)
    }

    @Test(arguments: engines) func duplicatedJournalID_failsThatUnitAlone(_ engine: TestedEngine) async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let failures = await withTaskGroup(of: Bool.self) { group in
            for task in 0..<100 {
                group.addTask {
                    let id = task % 10 == 0 ? "same" : "e\(task)"
                    do {
                        let saved = UnitOfWork.Write.save(kind: "p", id: "\(task)", body: "1")
                        // As the first write, which the index judges, and as a later one, which is looked up.
                        let writes = task % 20 == 0 ? [entry(id), saved] : [saved, entry(id)]
                        try await state.apply(writes + [emit("\(task)")])
                        return false
                    } catch { return true }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failures == 9)
        #expect(try await state.journal(stream: "s", last: 1_000).entries.count == 91)
        var kept = 0
        for task in 0..<100 where try await state.record(kind: "p", id: "\(task)") != nil { kept += 1 }
        #expect(kept == 91, "nothing of a failed unit is kept")
    }

    @Test(arguments: engines) func unitWithOneIDTwice_failsAlone_andTheOrderGoesOn(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let before = try await fixture.state.apply([entry("first")])
        await #expect(throws: StoreError.self) {
            try await fixture.state.apply([job("j"), entry("twice"), entry("twice")])
        }
        await #expect(throws: StoreError.self) {
            try await fixture.state.apply([entry("first"), job("j")])
        }
        #expect(try await fixture.state.journalEntry(id: "twice") == nil)
        #expect(try await fixture.state.queueDepths().isEmpty)
        let after = try await fixture.state.apply([entry("twice")])
        // Three admissions, one entry and one commit: the failed units took no number.
        #expect(after == before + 5)
    }

    @Test(arguments: engines) func failedUnit_tellsTheObserverNothing(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let stream = fixture.state.committed()
        try await fixture.state.apply([emit("1"), entry("same")])
        await #expect(throws: StoreError.self) {
            try await fixture.state.apply([emit("2"), job("j"), entry("same")])
        }
        try await fixture.state.apply([emit("3")])
        #expect(await stream.said(upTo: "3") == ["1", "3"])
        #expect(try await fixture.state.queueDepths().isEmpty)
    }

    @Test(arguments: engines) func anyText_isKeptAsItIs(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let texts = [
            "", "\0", "a\0b", "\u{FEFF}", "日本語 👩‍👩‍👧", "'; DROP TABLE record; --",
            String(repeating: "x", count: 100_000),
        ]
        for (index, text) in texts.enumerated() {
            try await fixture.state.apply([
                .save(kind: text, id: text, body: text),
                .append(stream: text, kind: text, id: text + "\(index)", body: text),
            ])
            #expect(try await fixture.state.record(kind: text, id: text)?.body == text)
            #expect(try await fixture.state.journal(stream: text, last: 1).entries.first?.body == text)
        }
    }

    @Test(arguments: engines) func entryThatWasNotThere_isAConflictOnceItIs(_ engine: TestedEngine)
        async throws
    {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let (first, second) = (try await state.ticket(), try await state.ticket())
        let unit = UnitOfWork(reads: [.entry(id: "e", isThere: false)], writes: [entry("e")])
        guard case .committed = try await state.commit(unit, at: at(1), ticket: first, completing: nil) else {
            Issue.record("the entry was not there")
            return
        }
        #expect(try await state.commit(unit, at: at(1), ticket: second, completing: nil) == .conflict)
        let seen = UnitOfWork(reads: [.entry(id: "e", isThere: true)], writes: [entry("f")])
        guard case .committed = try await state.commit(seen, at: at(1), ticket: second, completing: nil)
        else {
            Issue.record("an entry that is there never goes")
            return
        }
    }

    @Test(arguments: engines) func failedUnit_leavesNoHoleInTheNumbers(_ engine: TestedEngine) async throws {
        let fixture = try Fixture(engine)
        let state = fixture.state
        let number = try await state.apply([entry("same")])
        await #expect(throws: StoreError.self) {
            try await state.apply([emit("1"), job("j"), entry("same")])
        }
        // The failed one's admission and the next one's, then the emit and the commit.
        #expect(try await state.apply([emit("2")]) == number + 4)
    }
}
