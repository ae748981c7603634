import Foundation
import Testing

@testable import Functions
@testable import Observability
import Runtime

/// Whatever the flat decoder takes, Foundation's takes, and to the same value.
@Suite struct JSONFlatDecoderTests {
    private struct Input: Decodable, Equatable {
        let text: String
        let name: String?
        let count: Int?
        let small: Int8?
        let isOpen: Bool?
        let language: Language?
        let level: Level?
    }

    private enum Language: String, Decodable { case en, ja }

    private enum Level: Int, Decodable { case low = 1, high }

    /// Types that Foundation's decoder decodes in its own way.
    private struct Special<Value: Decodable>: Decodable { let value: Value }

    /// A value within a value.
    private struct Wrapped: Decodable, Equatable {
        let text: String

        init(from decoder: any Decoder) throws {
            text = try decoder.singleValueContainer().decode(Inner.self).text
        }

        private struct Inner: Decodable { let text: String }
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
        #"{"text":"a","language":"ja","level":2}"#, #"{"level":1,"text":"","language":null}"#,
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
        #"{"text":"a","language":"fr"}"#, #"{"text":"a","level":3}"#, #"{"text":"a","level":"1"}"#,
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

    @Test func typesThatAreFoundationsOwn_areLeftToFoundation() throws {
        func decode<T: Decodable>(_ type: T.Type, _ value: String) throws -> (mine: T?, other: T) {
            let data = Array("{\"value\":\(value)}".utf8)
            let mine = JSONFlatDecoder.decode(Special<T>.self, from: data)?.value
            return (mine, try JSON.decode(Special<T>.self, from: data).value)
        }
        let url = try decode(URL.self, #""https://example.org""#)
        #expect(url.mine == nil && url.other.host() == "example.org")
        let date = try decode(Date.self, "12")
        #expect(date.mine == nil && date.other == Date(timeIntervalSinceReferenceDate: 12))
        let data = try decode(Data.self, #""AQI=""#)
        #expect(data.mine == nil && data.other == Data([1, 2]))
        let number = try decode(Decimal.self, "12")
        #expect(number.mine == nil && number.other == 12)
        let double = try decode(Double.self, "12")
        #expect(double.mine == nil && double.other == 12)
        let small = try decode(Int16.self, "12")
        #expect(small.other == 12)
    }

    @Test func valueOfItsOwnShape_isLeftToFoundation() throws {
        let nested = Array(#"{"value":{"text":"a"}}"#.utf8)
        #expect(JSONFlatDecoder.decode(Special<Wrapped>.self, from: nested) == nil)
        #expect(try JSON.decode(Special<Wrapped>.self, from: nested).value.text == "a")
        let flat = Array(#"{"value":"a"}"#.utf8)
        #expect(JSONFlatDecoder.decode(Special<Wrapped>.self, from: flat) == nil)
        #expect(JSONFlatDecoder.decode(Special<[String]>.self, from: flat) == nil)
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
