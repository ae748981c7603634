import FoundationEssentials
import Runtime
import TestSupport
import Testing

@Suite struct EngineInputTests {
    private struct Answer: Decodable, Equatable {
        struct FieldError: Decodable, Equatable {
            let pointer: String
            let detail: String
        }

        let type: String
        let title: String
        let status: Int
        let detail: String
        let instance: String
        let errors: [FieldError]?
    }

    private func refuse(_ data: [UInt8]) async throws -> Answer {
        let runtime = try TestRuntime([.probe(.none, Limits(body: 1 << 20))], Probe())
        var event = runtime.event("", as: nil)
        event.data = data
        let outcome = try await runtime.invoke(event)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.json.utf8))
        #expect(answer.status == outcome.status)
        #expect(answer.instance == "req_1")
        return answer
    }

    @Test(arguments: [
        "{", "}", "{\"text\":\"x\",,}", "{\"text\":\"x\"", "{\"text\":}", "text", "\"", "{\"text\":\"\\x\"}",
        "{} {}", "\u{0}", "nul",
        "{\"text\":\"x\",\"deep\":01}", "{\"text\":\"x\",}", "{\"text\":\"x\",\"deep\":[1,]}",
        "\u{FEFF}{\"text\":\"x\"}",
        "{\"text\":\"x\",\"text\":\"y\",}",
    ])
    func brokenJSON_isMalformed(_ text: String) async throws {
        let answer = try await refuse(Array(text.utf8))
        #expect(answer.type == "urn:problem-type:malformed")
        #expect(answer.status == 400)
        #expect(answer.title == "The request cannot be read")
        #expect(answer.detail == "The body is not valid JSON.")
        #expect(answer.errors == nil)
    }

    @Test func utf16_isMalformed() async throws {
        for endian in [[0, 1], [1, 0]] {
            let units = #"{"text":"x"}"#.utf16.flatMap { unit in
                endian.map { UInt8(truncatingIfNeeded: unit >> (8 * (1 - $0))) }
            }
            #expect(try await refuse(units).status == 400)
        }
    }

    @Test(arguments: [
        (#"{"text":"x","text":"y"}"#, "/text", "stands there twice"),
        (#"{"text":"x","t\u0065xt":"y"}"#, "/text", "stands there twice"),
        (#"{"text":"x","deep":[0,{"a/b~":{"c":1,"d":2,"c":1}}]}"#, "/deep/1/a~1b~0/c", "stands there twice"),
        ("{\"text\":\"x\",\"\u{e9}\":1,\"e\u{301}\":2}", "/e\u{301}", "stands there twice"),
        (#"{"text":"\ud83d"}"#, "/text", "has half of a surrogate pair"),
        (#"{"text":"\udc00x"}"#, "/text", "has half of a surrogate pair"),
        (#"{"text":"\ud83d\ud83d\udc00"}"#, "/text", "has half of a surrogate pair"),
        (#"{"text":"x","deep":["\\ud800","\ud800"]}"#, "/deep/1", "has half of a surrogate pair"),
        (#"{"text":"x","deep":{"\ud800":1}}"#, "/deep", "has half of a surrogate pair"),
    ])
    func whatNotAllReadAlike_isInvalid_withItsPointer(
        _ text: String, _ pointer: String, _ detail: String
    ) async throws {
        let answer = try await refuse(Array(text.utf8))
        #expect(answer.status == 422)
        #expect(answer.errors == [Answer.FieldError(pointer: pointer, detail: detail)])
    }

    @Test func brokenUTF8_isMalformed() async throws {
        #expect(try await refuse(Array("{\"text\":\"".utf8) + [0xff] + Array("\"}".utf8)).status == 400)
    }

    @Test(arguments: [
        (#"{"text":1}"#, "/text", "must be a string"),
        (#"{"text":null}"#, "/text", "must be a string, not null"),
        ("{}", "/text", "is missing"), ("", "/text", "is missing"),
        (#"{"text":""}"#, "/text", "must not be empty"),
        (#"{"text":"x","count":"1"}"#, "/count", "must be a whole number"),
        (
            #"{"text":"x","count":1.5}"#, "", "has a number that is too large, or not whole where it must be"
        ),
        (
            #"{"text":"x","count":99999999999999999999}"#, "",
            "has a number that is too large, or not whole where it must be"
        ),
        (#"{"text":"x","kind":"SECRET"}"#, "/kind", "is not an allowed value"),
        (#"{"text":"x","kind":7}"#, "/kind", "must be a string"),
        ("[]", "", "must be an object"), ("3", "", "must be an object"), ("\"x\"", "", "must be an object"),
        ("null", "", "must be an object, not null"),
    ])
    func anotherShape_isInvalid_withItsField(_ text: String, _ pointer: String, _ detail: String) async throws
    {
        let answer = try await refuse(Array(text.utf8))
        #expect(answer.type == "urn:problem-type:invalid")
        #expect(answer.status == 422)
        #expect(answer.errors == [Answer.FieldError(pointer: pointer, detail: detail)])
        #expect(answer.detail == "\(pointer.isEmpty ? "The input" : pointer) \(detail).")
    }

    @Test(arguments: ["[", "{\"a\":"])
    func tenThousandBrackets_areRefused(_ opener: String) async throws {
        let closer = opener == "[" ? "]" : "}"
        for count in [128, 300, 10_000] {
            let inner =
                String(repeating: opener, count: count) + "1" + String(repeating: closer, count: count)
            let nested = try await refuse(Array((#"{"text":"x","deep":"# + inner + "}").utf8))
            #expect(nested.status == 422)
            #expect(nested.errors?.first?.detail == "is nested too deeply")
            #expect(nested.errors?.first?.pointer.hasPrefix("/deep/\(opener == "[" ? "0/0" : "a/a")") == true)
        }
        let open = try await refuse(Array(String(repeating: opener, count: 10_000).utf8))
        #expect(open.status == 422)
        #expect(try await refuse(Array(String(repeating: opener, count: 100).utf8)).status == 400)
    }

    @Test(arguments: ["1e999", "-1e999", "1e-99999999999999999999", "9e99999999999999999999"])
    func absurdNumbers_areRefusedOrTaken(_ number: String) async throws {
        let runtime = try TestRuntime([.probe(.none)], Probe())
        for text in [#"{"text":"x","count":\#(number)}"#, #"{"text":"x","deep":\#(number)}"#] {
            let status = try await runtime.invoke(runtime.event(text, as: nil)).status
            #expect([202, 400, 422].contains(status), "\(text): \(status)")
        }
    }

    @Test func unknownHandler_failsWithoutATrap() async throws {
        let runtime = try TestRuntime([], Probe())
        #expect(try await runtime.invoke(runtime.event(), "elsewhere").status == 500)
    }

    @Test func whatAFunctionThrows_becomesTheAnswer() async throws {
        struct Secret: Error, CustomStringConvertible { let description = "password 1234" }
        let probe = Probe { input, _ in
            switch input.text {
            case "problem": throw Problem(.conflict, "Not from here.")
            case "invalid": throw InvalidInput("/text", "is unknown")
            default: throw Secret()
            }
        }
        func answer(_ text: String, _ environment: [String: String]) async throws -> (Int, String) {
            let runtime = try TestRuntime([.probe()], probe, environment: environment)
            let outcome = try await runtime.invoke(runtime.event("{\"text\":\"\(text)\"}"))
            if text == "secret" {
                // The log has it in any case.
                #expect(runtime.lines.last["error"] == .string("password 1234"))
                #expect(runtime.lines.last["level"] == .string("error"))
            }
            return (outcome.status, outcome.json)
        }
        #expect(try await answer("problem", [:]).0 == 409)
        #expect(try await answer("invalid", [:]).0 == 422)
        let plain = try await answer("secret", [:])
        #expect(plain.0 == 500)
        #expect(!plain.1.contains("password"))
        #expect(try await answer("secret", ["DEBUG": "true"]).1.contains("password 1234"))
        let production = ["DEBUG": "true", "ENVIRONMENT": "production"]
        #expect(try await !answer("secret", production).1.contains("password"))
    }
}
