@testable import Base
import FoundationEssentials
@testable import Ledger
@testable import SQLite
import Synchronization
import StoreSupport
import Testing
import TestSupport

@Suite struct SnapshotTests {
    private func bytes(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
    }

    private func holds(_ bytes: [UInt8], _ text: String) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(text)
    }

    @Test func copy_isWhatTheStoreWas_andOneFile() async throws {
        let fixture = try Fixture()
        try await fixture.state.apply([.save(kind: "p", id: "1", body: "a"), entry("e"), job("j"), emit("1")])
        let last = try await fixture.state.apply([.openSession(id: "s", subject: "p", expiresAt: at(9_000))])
        let copy = fixture.directory.file("copy.db")
        #expect(try Snapshot.take(of: fixture.path, to: copy) { $0 } == last)
        try await fixture.state.apply([.save(kind: "p", id: "1", body: "later")])
        let files = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path)
        #expect(files.filter { $0.hasPrefix("copy") } == ["copy.db"])
        let mode = try FileManager.default.attributesOfItem(atPath: copy)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let state = try SQLiteState(path: copy)
        #expect(try state.record(kind: "p", id: "1") == Record(version: 1, body: "a"))
        #expect(try state.journalEntry(id: "e")?.body == "{}")
        #expect(try state.queueDepths() == [QueueDepth(queue: "story", waiting: 1, dead: 0)])
        guard case .admitted(let ticket, _) = try await state.ask(session: "s") else {
            Issue.record("the session is not in the copy")
            return
        }
        #expect(ticket.number == last + 1)
    }

    @Test func file_thatIsThere_isNotWrittenOver() throws {
        let fixture = try Fixture()
        let copy = fixture.directory.file("copy.db")
        try Data("mine".utf8).write(to: URL(filePath: copy))
        #expect(throws: StoreError.self) { try Snapshot.take(of: fixture.path, to: copy) { $0 } }
        #expect(bytes(copy) == Array("mine".utf8))
    }

    @Test func whatIsNoStore_isNotCopied() throws {
        let fixture = try Fixture()
        let other = fixture.directory.file("other.txt")
        try Data(repeating: 0x41, count: 8_192).write(to: URL(filePath: other))
        #expect(throws: StoreError.self) {
            try Snapshot.take(of: other, to: fixture.directory.file("copy.db")) { $0 }
        }
    }

    @Test func keys_areRenamed_andNothingOfTheOldOnesStays() async throws {
        let fixture = try Fixture()
        for index in 0..<300 {
            let rule = RateRule(key: "f/address:192.0.2.\(index)/1000", limit: 5, window: .seconds(1))
            _ = try await fixture.state.ask(now: 1_000 + Int64(index), rates: [rule])
        }
        // Deleted rows stay in a file until something is written over them.
        for index in 0..<50 {
            try await fixture.state.apply([
                .connect(connection: "gone-\(index)", host: "198.51.100.9", subject: "p", session: nil)
            ])
        }
        for index in 0..<50 { try await fixture.state.apply([.disconnect(connection: "gone-\(index)")]) }
        let copy = fixture.directory.file("copy.db")
        _ = try Snapshot.take(of: fixture.path, to: copy) { $0.replacing("192.0.2.", with: "hidden-") }
        let content = bytes(copy)
        #expect(!holds(content, "192.0.2."))
        #expect(!holds(content, "198.51.100.9"))
        #expect(!holds(content, "gone-"))
        #expect(holds(content, "hidden-299"))
    }

    @Test func renamedCounters_goOnCounting() async throws {
        let fixture = try Fixture()
        let rule = RateRule(key: "f/address:a/60000", limit: 2, window: .seconds(60))
        for _ in 0..<2 { _ = try await fixture.state.ask(rates: [rule]) }
        try await fixture.state.apply([entry("flush")])
        let copy = fixture.directory.file("copy.db")
        _ = try Snapshot.take(of: fixture.path, to: copy) { $0.replacing("address:a", with: "address:x") }
        let state = try SQLiteState(path: copy)
        let renamed = RateRule(key: "f/address:x/60000", limit: 2, window: .seconds(60))
        guard case .rateExceeded = try await state.ask(rates: [renamed]) else {
            Issue.record("the counter has begun anew")
            return
        }
        guard case .admitted = try await state.ask(rates: [rule]) else {
            Issue.record("the old name still counts")
            return
        }
    }

    @Test func copies_areWhole_whileOthersWrite() async throws {
        let fixture = try Fixture()
        let other = try fixture.another()
        let copying = Copying()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, state) in [("a", fixture.state), ("b", other)] {
                group.addTask {
                    var index = 0
                    while !copying.isOver.load(ordering: .relaxed) || index < 20 {
                        // Two of each, so that half a unit would show.
                        try await state.apply([
                            entry("\(name)\(index)x"), entry("\(name)\(index)y"),
                            .save(kind: name, id: "n", body: "\(index)"),
                        ])
                        index += 1
                    }
                }
            }
            group.addTask {
                defer { copying.isOver.store(true, ordering: .relaxed) }
                for round in 0..<8 {
                    let copy = fixture.directory.file("copy\(round).db")
                    let number = try Snapshot.take(of: fixture.path, to: copy) { $0 }
                    let state = try SerialState(path: copy)
                    #expect(try state.number() == number)
                    let slice = try state.journal(stream: "s", last: 100_000, upTo: .max)
                    #expect(slice.entries.count.isMultiple(of: 2), "round \(round)")
                    #expect(slice.entries.allSatisfy { $0.number <= number })
                    for name in ["a", "b"] {
                        let count = slice.entries.count { $0.id.hasPrefix(name) } / 2
                        #expect(
                            try state.record(kind: name, id: "n").map(\.body)
                                == (count == 0 ? nil : "\(count - 1)"))
                    }
                    try state.close()
                }
            }
            try await group.waitForAll()
        }
    }
}

private final class Copying: Sendable {
    let isOver = Atomic(false)
}
