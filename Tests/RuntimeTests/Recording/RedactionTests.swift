import Base
import Foundation
@testable import Functions
@testable import Observability
@testable import Recording
import Runtime
import Testing

@Suite struct RedactionTests {
    private static let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwIn0.c2lnbmF0dXJl"
    private let redaction = Redaction(fields: [])

    @Test(arguments: [
        (#"{"token":"s"}"#, #"{"token":"[redacted]"}"#),
        (#"{"a":{"b":[1,{"password":"s","c":2}]}}"#, #"{"a":{"b":[1,{"password":"[redacted]","c":2}]}}"#),
        (#"{"secret":{"deep":["s"]}}"#, #"{"secret":"[redacted]"}"#),
        (#"{"api_key":12345}"#, #"{"api_key":"[redacted]"}"#),
        (#"[{"authorization":["s"]},true]"#, #"[{"authorization":"[redacted]"},true]"#),
        ("{ \"refresh_token\" :\t\"s\" , \"x\" : 1 }", #"{"refresh_token":"[redacted]","x":1}"#),
        (#"{"token":"a","token":"b"}"#, #"{"token":"[redacted]","token":"[redacted]"}"#),
    ])
    func members_areLeftOut_atAnyDepth(json: String, expected: String) {
        #expect(redaction(json) == expected)
    }

    @Test func everyName_isLeftOut_inAnyCase() {
        for name in Redaction.always.flatMap({ [$0, $0.capitalized, $0.uppercased()] }) {
            #expect(redaction(#"{"x":{"\#(name)":"hidden"}}"#) == #"{"x":{"\#(name)":"[redacted]"}}"#)
        }
    }

    @Test(arguments: [
        #"{"\u0074oken":"hidden"}"#, #"{"t\u006Fken":"hidden"}"#,
        #"{"\u0074\u006f\u006b\u0065\u006e":"hidden"}"#,
    ])
    func escapedNames_areSeenThrough(json: String) {
        #expect(redaction(json) == json.replacing("hidden", with: "[redacted]"))
    }

    @Test(arguments: [
        (#"{"say":"TOKEN"}"#, #"{"say":"[redacted]"}"#),
        (#"{"say":"look: TOKEN, nice"}"#, #"{"say":"look: [redacted], nice"}"#),
        (#"{"say":"xTOKEN TOKEN"}"#, #"{"say":"x[redacted] [redacted]"}"#),
        (#"["Bearer TOKEN"]"#, #"["Bearer [redacted]"]"#),
        (#""TOKEN""#, #""[redacted]""#),
        (#"{"TOKEN":1}"#, #"{"[redacted]":1}"#),
        (#"{"say":"\"TOKEN\""}"#, #"{"say":"\"[redacted]\""}"#),
        // Encrypted, five parts (RFC 7516).
        (#"{"say":"TOKEN.abc.def"}"#, #"{"say":"[redacted]"}"#),
        (#"{"say":"eyJ.TOKEN"}"#, #"{"say":"[redacted]"}"#),
    ])
    func webTokens_areLeftOut_whereverTheyStand(pattern: String, expected: String) {
        #expect(redaction(pattern.replacing("TOKEN", with: Self.token)) == expected)
    }

    @Test func webToken_withEscapes_isLeftOut() {
        let escaped = Self.token.replacing("eyJ", with: #"\u0065y\u004a"#)
        #expect(redaction(#"{"say":"\#(escaped)"}"#) == #"{"say":"[redacted]"}"#)
        #expect(
            redaction(#"{"say":"\#(Self.token.replacing(".", with: #"\u002e"#))"}"#)
                == #"{"say":"[redacted]"}"#)
    }

    /// However the first part's JSON is written (RFC 7519 section 3).
    @Test(arguments: [
        #"{ "alg":"HS256"}"#, "{\n  \"alg\": \"HS256\"}", "{\r\n\"alg\":\"none\"}", "{\t\"a\":1}",
        " {\"a\":1}",
        "\n\t {\"a\":1}", #"{"1":2}"#, #"{"ä":2}"#, "{}", #"{"" : 1}"#, #"{ "alg":"HS256","alg":"none"}"#,
    ])
    func webTokens_areLeftOut_whateverTheirFirstBytes(header: String) {
        let token = Base64.encode(url: Array(header.utf8)) + ".eyJzdWIiOiJwIn0.c2lnbmF0dXJl"
        for (text, expected) in [
            ("look: \(token), nice", "look: [redacted], nice"), (token, "[redacted]"),
            ("a.b.\(token).c", "a.b.[redacted]"), ("x-\(token)", "x-[redacted]"),
        ] {
            #expect(redaction(JSONScanner.quoted(text)) == JSONScanner.quoted(expected))
        }
        let binary = Base64.encode([0, 0xff] + Array("Bearer \(token)\n".utf8) + [0xfe])
        let cleaned = Base64.encode([0, 0xff] + Array("Bearer [redacted]\n".utf8) + [0xfe])
        #expect(redaction(#"{"a":{"$binary":"\#(binary)"}}"#) == #"{"a":{"$binary":"\#(cleaned)"}}"#)
    }

    @Test(arguments: [
        "newport.co.uk", "www.eye.example.com", "eye.of.newt", "1.2.3", "IP.is.here", "Common.sense.is",
        "Dewey.a.b",
        "e30", "e30.a", "ewog.is.none", "ICAg.x.y", "eyA.b.c", "...", ".e30.", "e30..",
    ])
    func dotsBetweenWords_areNoToken(text: String) {
        #expect(
            redaction(#"{"say":"\#(text)"}"#)
                == (text == "e30.." ? #"{"say":"[redacted]"}"# : #"{"say":"\#(text)"}"#))
    }

    @Test func binaryWithoutATokenOrBase64_isUntouched() {
        let plain = Base64.encode((0..<300).map { UInt8(truncatingIfNeeded: $0) })
        for json in [
            #"{"$binary":"\#(plain)"}"#, #"{"$binary":"no base64!"}"#, #"{"$binary":{"a":1}}"#,
            #"{"$binary":null}"#,
        ] {
            #expect(redaction(json) == json)
        }
    }

    /// A text of beginnings alone must not take longer than its length has it.
    @Test func aMillionBeginnings_areLookedAtInLinearTime() {
        let text = String(repeating: "eyA", count: 300_000) + ".a.b"
        #expect(redaction("\"\(text)\"").utf8.count < 100)
    }

    @Test(arguments: [
        "", "1", "null", "[]", #"{}"#, #"{"tokens":1}"#, #"{"my_token" : "x"}"#, #"{"say":"token"}"#,
        #"{ "say" : "my token is \"token\"" }"#, #"["token", "password"]"#,
        #"{"say":"eyJ"}"#, #"{"say" : "eyJabc.def"}"#, #"{"say":"\u0074oken" , "x":[ 1 ]}"#,
        #"{"token":null}"#, #"{ "token" : null }"#,
        #"{"say":"keyJob.and.so"}"#.replacing("eyJ", with: "ey J"),
        "{\"日本\":\"\\u3042\" }", "not json at all",
    ])
    func harmlessTexts_areUntouched(json: String) { #expect(redaction(json) == json) }

    @Test func ownFields_areLeftOut_alsoWithOddNames() {
        let redaction = Redaction(fields: ["email", "a\"b", "c/d", "e\\f", "日本"])
        #expect(
            redaction(#"{"email":"x","token":"y","b":1}"#)
                == #"{"email":"[redacted]","token":"[redacted]","b":1}"#)
        #expect(redaction(#"{"a\"b":"hidden"}"#) == #"{"a\"b":"[redacted]"}"#)
        #expect(redaction(#"{"c/d":"hidden"}"#) == #"{"c/d":"[redacted]"}"#)
        #expect(redaction(#"{"c\/d":"hidden"}"#) == #"{"c\/d":"[redacted]"}"#)
        #expect(redaction(#"{"e\\f":"hidden"}"#) == #"{"e\\f":"[redacted]"}"#)
        #expect(redaction(#"{"日本":"hidden"}"#) == #"{"日本":"[redacted]"}"#)
        #expect(Redaction(fields: ["", "x"])(#"{"":"hidden","y":1}"#) == #"{"":"[redacted]","y":1}"#)
    }

    @Test func deepNesting_isEitherReadOrKeptOutWhole() {
        for depth in [1, 10, 126, 127, 128, 200, 5_000] {
            let json =
                String(repeating: #"{"a":["#, count: depth) + #"{"token":"hidden"}"#
                + String(repeating: "]}", count: depth)
            let text = redaction(json)
            #expect(!text.contains("hidden"), "depth \(depth)")
            #expect(text.contains("[redacted]"))
        }
    }

    @Test(arguments: [
        #"{"token":"hidden""#, #"{"token":"hidden"} "x""#, #"{"token":"hidden",}"#, #"{"password":hidden}"#,
        #"x {"token":"hidden"}"#, #"{"token":"hidden"#,
    ])
    func whatIsNoJSON_isKeptOutWhole(text: String) {
        let cleaned = redaction(text)
        #expect(!cleaned.contains("hidden"))
        #expect(cleaned.contains("[redacted]"))
    }

    @Test func data_thatIsNoJSON_becomesDataThatIsNone() {
        #expect(redaction(Array(#"{"token":"hidden""#.utf8)) == Array("[redacted]".utf8))
        #expect(
            redaction(Array(#"{"token":"hidden","a":""#.utf8) + [0xff, 0x22, 0x7d])
                == Array("[redacted]".utf8))
        #expect(redaction([0xff, 0xfe, 0x00]) == [0xff, 0xfe, 0x00])
        #expect(redaction(Array(#"{"token":"hidden"}"#.utf8)) == Array(#"{"token":"[redacted]"}"#.utf8))
    }

    @Test func noPlantedSecret_survives() {
        let seed: UInt64 = 0x5eed_0001
        var random = SeededRandom(seed: seed)
        for round in 0..<3_000 {
            var planted = 0
            var json = document(&random, depth: 0, planting: &planted)
            // Cut off: what stands before a secret still says what it is.
            if round % 4 == 0 { json = String(json.unicodeScalars.prefix(Int(random.next() % 400))) }
            let cleaned = redaction(json)
            #expect(!cleaned.contains("S3CRET"), "seed \(seed), round \(round): \(json)")
            #expect(redaction(cleaned) == cleaned, "seed \(seed), round \(round): \(json)")
            if planted == 0, round % 4 != 0 { #expect(cleaned == json, "seed \(seed), round \(round)") }
        }
    }

    private func document(_ random: inout SeededRandom, depth: Int, planting planted: inout Int) -> String {
        let space = ["", "", " ", "\n\t"]
        func blank(_ random: inout SeededRandom) -> String { space[Int(random.next() % 4)] }
        switch random.next() % (depth > 5 ? 4 : 8) {
        case 0: return "\(Int64(truncatingIfNeeded: random.next()) % 1_000)"
        case 1: return ["true", "false", "null"][Int(random.next() % 3)]
        case 2: return #""plain \#(random.next() % 9) eyJx 日本 \"q\"""#
        case 3:
            planted += 1
            return #""look eyJhbGciOiJub25lIn0.eyJzdWIiOiJwIn0.S3CRET\#(random.next() % 9), there""#
        case 4, 5:
            let elements = (0..<Int(random.next() % 4)).map { _ in
                blank(&random) + document(&random, depth: depth + 1, planting: &planted) + blank(&random)
            }
            return "[" + elements.joined(separator: ",") + "]"
        default:
            let members = (0..<Int(random.next() % 4)).map { index -> String in
                guard random.next() % 3 == 0 else {
                    return #""m\#(index)":"# + blank(&random)
                        + document(&random, depth: depth + 1, planting: &planted)
                }
                planted += 1
                let names = Redaction.always.sorted()
                var name = names[Int(random.next() % UInt64(names.count))]
                if random.next() % 2 == 0, let first = name.utf8.first {
                    name = #"\u00\#(String(first, radix: 16))"# + name.dropFirst()
                }
                let value = [#""S3CRET""#, #"["S3CRET",1]"#, #"{"a":{"b":"S3CRET"}}"#][Int(random.next() % 3)]
                return blank(&random) + "\"\(name)\"" + blank(&random) + ":" + blank(&random) + value
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }
}
