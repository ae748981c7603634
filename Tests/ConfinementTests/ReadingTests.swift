import Testing

@testable import Confinement

/// What the kernel tells as texts, and what is made of any other text.
@Suite struct ReadingTests {
    private static let stat =
        "4711 (a) b (c)) S 17 4711 4711 0 -1 4194560 100 200 0 0 12 3 40 2 25 5 7 0 987654 1000000 250 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"

    @Test func stat_isRead_whateverTheName() throws {
        let row = try #require(ProcessRow(pid: 4711, stat: Array(Self.stat.utf8)))
        #expect(row.parent == 17)
        #expect(row.state == UInt8(ascii: "S"))
        #expect(row.waitedTicks == 42)
        #expect(row.threads == 7)
        #expect(row.started == 987_654)
        #expect(row.resident == 250 * ProcessRow.page)
        #expect(!row.isEnded)
    }

    @Test func statThatIsCut_orWild_isNoTrap() {
        let bytes = Array(Self.stat.utf8)
        for count in 0...bytes.count { _ = ProcessRow(pid: 1, stat: Array(bytes[..<count])) }
        let wild = Self.stat.replacing("250", with: "99999999999999999999").replacing(
            " 40 2 ", with: " -9 x ")
        let row = ProcessRow(pid: 1, stat: Array(wild.utf8))
        #expect(row?.resident == ConfinementLimits.bytes)
        #expect(row?.waitedTicks == 0)
        #expect(ProcessRow(pid: 1, stat: [0xff, 0xfe, 41, 32]) == nil)
    }

    @Test func firstThreadThatHasEnded_isNotTheProcesssEnd() {
        let text = Self.stat.replacing(" S ", with: " Z ")
        #expect(ProcessRow(pid: 1, stat: Array(text.utf8))?.isEnded == false)
        let alone = text.replacing(" 5 7 0", with: " 5 1 0")
        #expect(ProcessRow(pid: 1, stat: Array(alone.utf8))?.isEnded == true)
    }

    @Test func mark_isReadBack() {
        let mark = Mark(host: 4_194_303, number: 12_345)
        let text = "Limit  Soft Limit  Hard Limit\nMax realtime timeout      1    \(mark.value)   us\n"
        #expect(Mark(limits: Array(text.utf8)) == mark)
        #expect(mark.host == 4_194_303)
        #expect(mark.value < UInt64(Int64.max))
    }

    @Test(arguments: [
        "", "Max realtime timeout", "Max realtime timeout  unlimited   unlimited   us",
        "Max realtime timeout 1 2 us", "Max realtime timeout 1 99999999999999999999999 us",
    ])
    func limitsWithoutAMark_haveNone(text: String) {
        #expect(Mark(limits: Array(text.utf8)) == nil)
    }
}

/// What looks add up to.
@Suite struct AccountTests {
    private func row(_ pid: Int32, memory: Int = 0, threads: Int = 1, waited: UInt64 = 0) -> ProcessRow? {
        let text =
            "\(pid) (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 \(waited) 0 25 5 \(threads) 0 \(pid) 0 \(memory / ProcessRow.page) 0"
        return ProcessRow(pid: pid, stat: Array(text.utf8))
    }

    private func look(_ rows: [ProcessRow?], cpu: [Int] = [], highest: Int? = nil) -> ProcessAccount.Look {
        let rows = rows.compactMap { $0 }
        return ProcessAccount.Look(
            rows: rows, cpu: cpu.isEmpty ? rows.map { _ in 0 } : cpu, highest: highest)
    }

    private func account(_ change: (inout ProcessLimits) -> Void) -> ProcessAccount {
        var limits = ProcessLimits()
        limits.processes = 2
        change(&limits)
        return ProcessAccount(limits: limits)
    }

    private func breach(
        _ account: inout ProcessAccount, _ look: ProcessAccount.Look, memoryIsKept: Bool = false
    ) -> ProcessBreach? {
        account.note(look)
        return account.breach(of: look, memoryIsKept: memoryIsKept)
    }

    @Test func oneProcessOverItsMemory_isOverAtOnce_severalAtTheSecondLook() {
        var account = account { $0.memory = 100 << 20 }
        let both = look([row(1, memory: 60 << 20), row(2, memory: 60 << 20)])
        #expect(breach(&account, both) == nil)
        #expect(breach(&account, look([row(1, memory: 60 << 20)])) == nil)
        #expect(breach(&account, both) == nil)
        #expect(breach(&account, both) == .memory(limit: 100 << 20, peak: 120 << 20))
        #expect(breach(&account, both, memoryIsKept: true) == nil)
        let one = look([row(1, memory: 101 << 20)])
        #expect(breach(&account, one) == .memory(limit: 100 << 20, peak: 120 << 20))
    }

    @Test func whatTheyShare_isCountedOnce_whereTheKernelTells() {
        var account = account { $0.memory = 100 << 20 }
        var both = look([row(1, memory: 60 << 20), row(2, memory: 60 << 20)])
        both.share = 61 << 20
        for _ in 0..<3 { #expect(breach(&account, both) == nil) }
        #expect(account.usage.peakMemory == 61 << 20)
    }

    @Test func peakBetweenLooks_counts() {
        var account = account { $0.memory = 100 << 20 }
        let after = look([row(1, memory: 1 << 20)], highest: 130 << 20)
        #expect(breach(&account, after) == .memory(limit: 100 << 20, peak: 130 << 20))
    }

    @Test func cpuTime_isOfTheInvocation_andOfAllThatRanInIt() {
        let second = 1_000_000_000
        var account = account { $0.cpu = .seconds(2) }
        #expect(breach(&account, look([row(1)], cpu: [second])) == nil)
        account.beginInvocation(cpu: second)
        #expect(breach(&account, look([row(1)], cpu: [3 * second])) == nil)
        #expect(breach(&account, look([row(1)], cpu: [3 * second + 1])) == .cpu(limit: .seconds(2)))
        // A second one at the same time: twice as much for both.
        account.beginInvocation(cpu: 3 * second)
        #expect(breach(&account, look([row(1)], cpu: [5 * second])) == nil)
        account.endInvocation(cpu: 5 * second)
        account.endInvocation(cpu: 5 * second)
        account.endInvocation(cpu: 5 * second)
        #expect(account.runningInvocations == 0)
        // And then as much again, until the next one.
        #expect(breach(&account, look([row(1)], cpu: [7 * second])) == nil)
        #expect(breach(&account, look([row(1)], cpu: [8 * second])) == .cpu(limit: .seconds(2)))
    }

    @Test func cpuTimeOfWhoIsGone_stays_andIsCountedOnce() {
        let second = 1_000_000_000
        var account = account { _ in }
        account.note(look([row(1), row(2)], cpu: [second, 2 * second]))
        #expect(account.usage.cpu == .seconds(3))
        account.note(look([row(1)], cpu: [second]))
        #expect(account.usage.cpu == .seconds(3))
        let ticks = UInt64(2 * second / ProcessRow.tick)
        account.note(look([row(1, waited: ticks)], cpu: [2 * second]))
        #expect(account.usage.cpu == .seconds(4))
    }

    @Test func processes_threads_andFolder_haveLimits() {
        var account = account { limits in
            limits.threads = 4
            limits.temporaryBytes = 100
        }
        #expect(breach(&account, look([row(1), row(2)])) == nil)
        #expect(breach(&account, look([row(1), row(2), row(3)])) == .processes(limit: 2))
        #expect(breach(&account, look([row(1, threads: 5)])) == .threads(limit: 4))
        var full = look([row(1)])
        full.temporary = 100
        #expect(breach(&account, full) == nil)
        full.temporary = 101
        #expect(breach(&account, full) == .temporary(limit: 100))
    }
}
