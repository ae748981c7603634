import Testing

@testable import Engine
@testable import Functions
import Runtime

@Suite struct DecodedRecordsTests {
    private struct Player: StoredRecord, Equatable {
        static let kind = "player"
        let id: String
        var name: String
    }

    /// Of the same kind, and another type.
    private struct Place: StoredRecord, Equatable {
        static let kind = "player"
        let id: String
        let name: String?
    }

    private final class Shared: StoredRecord {
        static let kind = "shared"
        let id: String
    }

    private func text(_ name: String) -> String { #"{"id":"1","name":"\#(name)"}"# }

    @Test func record_isThatOfItsText_alsoAfterAnother() throws {
        let decoded = DecodedRecords()
        for name in ["a", "b", "a", "a", "c"] {
            var player = try decoded.decode(Player.self, "1", text: text(name))
            #expect(player == Player(id: "1", name: name))
            // What an invocation changes is its own.
            player.name = "changed"
            #expect(try decoded.decode(Player.self, "1", text: text(name)).name == name)
            #expect(try decoded.decode(Place.self, "1", text: text(name)) == Place(id: "1", name: name))
        }
    }

    @Test func textOfNoRecord_isAnError_alsoAfterOneThatWas() throws {
        let decoded = DecodedRecords()
        _ = try decoded.decode(Player.self, "1", text: text("a"))
        for text in ["", "{}", "null", #"{"id":"1"}"#, #"{"id":1,"name":"a"}"#] {
            #expect(throws: (any Error).self) { try decoded.decode(Player.self, "1", text: text) }
        }
        #expect(try decoded.decode(Player.self, "1", text: text("a")).name == "a")
    }

    @Test func objects_areNotShared() throws {
        let decoded = DecodedRecords()
        let first = try decoded.decode(Shared.self, "1", text: #"{"id":"1"}"#)
        let second = try decoded.decode(Shared.self, "1", text: #"{"id":"1"}"#)
        #expect(first !== second)
    }

    @Test func moreRecordsThanItHolds_andLongOnes_areDecodedAllTheSame() throws {
        let decoded = DecodedRecords()
        for number in 0..<10_000 {
            let id = "\(number % 5_000)"
            #expect(try decoded.decode(Player.self, id, text: text(id)).name == id)
        }
        let long = String(repeating: "x", count: 5_000)
        for _ in 0..<2 { #expect(try decoded.decode(Player.self, "1", text: text(long)).name == long) }
    }
}
