import Foundation
import Testing

@testable import Runtime

/// Whatever the flat decoder takes, Foundation's takes, and to the same value.
@Suite struct JSONFlatDecoderTests {
    private struct Input: Decodable, Equatable {
        let text: String
        let name: String?
        let count: Int?
        let small: Int8?
        let isOpen: Bool?
    }

    /// Goes on without what cannot be decoded.
    private struct Lenient: Decodable, Equatable {
        let number: Double

        private enum CodingKeys: String, CodingKey { case number }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            number = (try? container.decode(Double.self, forKey: .number)) ?? -1
        }
    }

    private static let taken = [
        #"{"text":"a"}"#,
        " {\n\t\"text\" :\r\"\", \"name\":null,\"count\":12 , \"small\":7,\"isOpen\":false} \n",
        #"{"text":"ünï✨ 👩‍👩‍👧","name":"","count":123456789012345,"isOpen":true,"unknown":"x"}"#,
        "{\"text\":\"\u{7f}\u{85}\u{2028}\u{FFFE}\"}",
    ]

    @Test(arguments: taken) func plainObject_isTaken(text: String) throws {
        let value = try #require(JSONFlatDecoder.decode(Input.self, from: Array(text.utf8)))
        #expect(try value == JSONDecoder().decode(Input.self, from: Data(text.utf8)))
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #""text""#, #"{"text":1}"#, #"{"text":"a\n"}"#, #"{"text":"a","text":"b"}"#,
        #"{"text":"a"}x"#, #"{"text":"a",}"#, #"{"text":"a""#, #"{"text":"a","count":1.0}"#,
        #"{"text":"a","count":01}"#, #"{"text":"a","count":-1}"#, #"{"text":"a","count":1234567890123456}"#,
        #"{"text":"a","small":128}"#, #"{"text":"a","isOpen":truex}"#, #"{"text":"a","other":{}}"#,
        "{\"text\":\"\u{1}\"}", "\u{FEFF}{\"text\":\"a\"}", #"{"text":"a","count":"#,
    ])
    func otherText_isLeftToFoundation(text: String) {
        #expect(JSONFlatDecoder.decode(Input.self, from: Array(text.utf8)) == nil)
    }

    @Test func invalidUTF8_isLeftToFoundation() {
        #expect(
            JSONFlatDecoder.decode(Input.self, from: Array(#"{"text":""#.utf8) + [0xC0, 0x22, 0x7D]) == nil)
    }

    @Test func typeThatGoesOnWithoutAMember_getsWhatFoundationGives() throws {
        let data = Array(#"{"number":12}"#.utf8)
        #expect(JSONFlatDecoder.decode(Lenient.self, from: data) == nil)
        #expect(try JSON.decode(Lenient.self, from: data).number == 12)
    }

    @Test func damagedText_isNeverReadOtherwiseThanByFoundation() {
        let seed: UInt64 = 0x666c_6174_6a73_6f6e
        var random = SeededRandom(seed: seed)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }
        let words = [
            "\"", "\\", "{", "}", ",", ":", " ", "null", "true", "0", "9", "-", ".5", "e9", "\\u0041", "é",
        ]
        .map { Array($0.utf8) }
        let samples = Self.taken.map { Array($0.utf8) }
        var takenCount = 0
        for round in 0..<20_000 {
            var bytes = samples[below(samples.count)]
            for _ in 0...below(3) {
                let index = below(bytes.count)
                switch below(4) {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(contentsOf: words[below(words.count)], at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + below(8)))
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            guard let value = JSONFlatDecoder.decode(Input.self, from: bytes) else { continue }
            takenCount += 1
            let other = try? JSONDecoder().decode(Input.self, from: Data(bytes))
            #expect(value == other, "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
        // Damage that is always left to Foundation would test nothing.
        #expect(takenCount > 500, "seed \(seed)")
    }
}
