import Ledger
@testable import Engine
@testable import Functions
@testable import Identity
import Runtime
import Testing
import TestSupport

@Suite struct IdempotencyKeyTests {
    private func event(_ data: String, field: String? = nil) -> Event {
        Event(
            id: "r", time: TestRuntime.start, trigger: .direct, idempotencyKey: field, data: Array(data.utf8))
    }

    private func key(_ data: String, field: String? = nil, leftOutAs mark: String? = nil) throws(Problem)
        -> String?
    {
        try IdempotencyKey.of(event(data, field: field), member: "key", leftOutAs: mark)?.text
    }

    @Test(arguments: [
        "a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "action_01m85c2xjfz2gbrvj4nkvd6xyx", "a.b/c+d=~:@",
        String(repeating: "x", count: 255),
    ])
    func aKey_isRead_fromTheFieldQuotedOrBare_andFromTheMember(_ text: String) throws {
        #expect(try key("{}", field: text) == text)
        #expect(try key("{}", field: "\"\(text)\"") == text)
        #expect(try key(#"{"a":{"key":"no"},"key":"\#(text)"}"#) == text)
        #expect(try key(#"{"key":"\#(text)"}"#, field: text) == text)
    }

    @Test(arguments: [
        "", "a b", "ä", "a\"b", "a,b", "\"a", "a\"", "\"\"", "\"a\";p=1", "[redacted]", "a\\b", "a\n",
        String(repeating: "x", count: 256), "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "IHsiYWxnIjoiSFMyNTYifQ.e30.sig2",
        "x.eyJhbGciOiJIUzI1NiJ9.e30.sig1",
    ])
    func anythingElse_isRefused_asAField(_ text: String) {
        let problem = #expect(throws: Problem.self) { try key("{}", field: text) }
        #expect(problem?.status == 422)
        #expect(problem?.detail.hasPrefix("The Idempotency-Key must be 1 to 255 ") == true)
    }

    @Test(arguments: [#""""#, #""a b""#, "1", "true", "{}", "[]", #""\ud800""#, #""eyJ.a.b""#])
    func anythingElse_isRefused_asAMember_byItsPointer(_ literal: String) {
        let problem = #expect(throws: Problem.self) { try key(#"{"key":\#(literal)}"#) }
        #expect(problem?.status == 422)
        #expect(problem?.errors.first?.pointer == "/key")
    }

    @Test(arguments: ["", "{}", "null", "[]", "1", "{", #"{"key":null}"#, #"{"KEY":"a"}"#, #"[["key","a"]]"#])
    func withoutAKey_thereIsNone(_ data: String) throws {
        #expect(try key(data) == nil)
    }

    @Test func aMembersName_mayBeEscaped_andAnArgumentMayHoldIt() throws {
        #expect(try key(#"{"\u006bey":"a"}"#) == "a")
        #expect(try key(#"[1,{"x":{}},{"key":"a"},{"key":"b"}]"#) == "a")
        let many = "[" + String(repeating: "1,", count: 8) + #"{"key":"a"}]"#
        #expect(try key(many) == nil, "so many arguments are not looked through")
    }

    @Test func twoKeys_mustBeTheSame_butForAReplayTheEventsOwnCounts() throws {
        let problem = #expect(throws: Problem.self) { try key(#"{"key":"a"}"#, field: "b") }
        #expect(problem?.errors.first?.pointer == "/key")
        #expect(try key(#"{"key":"[redacted]"}"#, field: "b", leftOutAs: "[redacted]") == "b")
        #expect(try key(#"{"key":"a"}"#, leftOutAs: "[redacted]") == "a")
    }

    @Test func names_areUnique_overFunctionsAndCallers() throws {
        var names: Set<String> = []
        let texts = ["a", "a/b", "b", "a.b", "player:x"]
        let scopes = ["player:x", "player:x y", "player:y x", "address:x", "player:a/b"]
        for function in ["f", "g"] {
            for text in texts {
                for scope in scopes {
                    let key = try #require(
                        IdempotencyKey(text)?.requestKey(function: function, scope: scope, input: []))
                    names.insert(key.name)
                }
            }
        }
        #expect(names.count == 2 * texts.count * scopes.count)
    }

    @Test func sha256_isThatOfTheStandard() {
        // FIPS 180-4, the example "abc".
        let digest = Cryptography.sha256(Array("abc".utf8))
        #expect(digest?.prefix(4) == [0xba, 0x78, 0x16, 0xbf])
        #expect(digest?.count == 32)
    }
}
