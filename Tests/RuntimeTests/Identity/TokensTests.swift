import Base
@testable import Functions
@testable import Identity
import Runtime
import Testing

@Suite struct TokensTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let now = Timestamp(milliseconds: 1_767_225_600_000)
    private let tokens = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", key: key)])

    /// RFC 4648 section 5 by the book, independent of what is tested.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        return stride(from: 0, to: bits.count, by: 6).reduce(into: "") { text, start in
            let group = bits[start..<min(start + 6, bits.count)]
            let value = group.reduce(0) { $0 << 1 | Int($1) } << (6 - group.count)
            text.append(alphabet[value])
        }
    }

    private static func signed(_ header: String, _ payload: String, key: String = key) -> String {
        let text = base64URL(Array(header.utf8)) + "." + base64URL(Array(payload.utf8))
        let signature = Cryptography.hmacSHA256(key: Array(key.utf8), Array(text.utf8)) ?? []
        return text + "." + base64URL(signature)
    }

    private static let header = #"{"alg":"HS256","typ":"JWT"}"#

    private static func payload(_ changes: [String: String?] = [:]) -> String {
        var members: [String: String] = [
            "iss": "\"gestaloka\"", "aud": "\"gestaloka\"", "sub": "\"player_1\"", "sid": "\"session_1\"",
            "exp": "1767229200",
        ]
        for (name, value) in changes { members[name] = value }
        return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private func refusal(_ token: String) -> Tokens.Refusal? {
        do throws(Tokens.Refusal) {
            _ = try tokens.verify(token, now: Self.now)
            return nil
        } catch {
            return error
        }
    }

    /// Made with Python's hmac and base64 modules.
    private static let known =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJnZXN0YWxva2EiLCJleHAiOjE3NjcyMjkyMDAsImlhdCI6MTc2NzIyNTYwM"
        + "CwiaXNzIjoiZ2VzdGFsb2thIiwicm9sZXMiOlsib3BzIl0sInNpZCI6InNlc3Npb25fMSIsInN1YiI6InBsYXllcl8xIn0."
        + "s-PIObNOiBwpkF6VlqnoAZ74swgcDQiArItG2cXfbrY"
    private static let knownClaims = Claims(
        subject: "player_1", session: "session_1", roles: ["ops"],
        expiresAt: Timestamp(milliseconds: 1_767_229_200_000))

    @Test func aKnownToken_isRead_andMade() throws {
        #expect(try tokens.verify(Self.known, now: Self.now) == Self.knownClaims)
        #expect(tokens.sign(Self.knownClaims, now: Self.now) == Self.known)
    }

    @Test func theHeader_mayBeWrittenAnotherWay() {
        #expect(
            refusal(Self.signed(#"{ "typ" : "JWT", "alg" : "HS256", "kid" : "1" }"#, Self.payload())) == nil)
        #expect(refusal(Self.signed(#"{"alg":"HS256"}"#, Self.payload())) == nil)
    }

    @Test(arguments: [
        (#"{"alg":"none"}"#, Tokens.Refusal.wrongAlgorithm), (#"{"alg":"None"}"#, .wrongAlgorithm),
        (#"{"alg":"HS512"}"#, .wrongAlgorithm), (#"{"alg":"RS256"}"#, .wrongAlgorithm),
        (#"{"alg":"hs256"}"#, .wrongAlgorithm), (#"{"alg":"HS256","crit":["exp"]}"#, .malformed),
        (#"{"alg":"HS256","crit":"exp"}"#, .malformed), ("{}", .malformed), (#"{"alg":null}"#, .malformed),
        ("", .malformed), ("x", .malformed), ("[]", .malformed),
    ])
    func anotherAlgorithm_isRefused(_ header: String, _ expected: Tokens.Refusal) {
        #expect(refusal(Self.signed(header, Self.payload())) == expected)
    }

    @Test func withoutASignature_noneIsTaken() {
        let parts = Self.known.split(separator: ".")
        #expect(refusal("\(parts[0]).\(parts[1]).") == .badSignature)
        #expect(refusal("\(parts[0]).\(parts[1])") == .malformed)
        #expect(refusal("\(parts[0]).\(parts[1]).\(parts[2]).") == .malformed)
        #expect(refusal("") == .malformed)
        #expect(refusal("..") == .malformed)
        let none = Self.base64URL(Array(#"{"alg":"none"}"#.utf8))
        #expect(refusal("\(none).\(parts[1]).") == .wrongAlgorithm)
    }

    @Test func anyChangedCharacter_isRefused() {
        let characters = Array(Self.known)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(refusal(String(changed)) != nil, "at \(index)")
        }
        #expect(refusal(Self.signed(Self.header, Self.payload(), key: Self.key + "x")) == .badSignature)
        // Another spelling of the same signature: the last character has two bits that add nothing.
        #expect(refusal(String(Self.known.dropLast()) + "Z") == .malformed)
        #expect(refusal(Self.known + "=") == .malformed)
        #expect(refusal(Self.known + "\n") == .malformed)
    }

    @Test(
        arguments: [
            (["exp": "1767225600"], Tokens.Refusal.expired), (["exp": "1767225600.001"], nil),
            (["exp": "1767225599"], .expired), (["exp": "-1"], .expired), (["exp": "-1e300"], .expired),
            (["exp": "1e300"], nil), (["exp": "1e999"], .malformed), (["exp": "9e15"], nil),
            (["exp": nil], .incomplete), (["exp": "null"], .incomplete),
            (["exp": "\"1767229200\""], .malformed),
            (["nbf": "1767225600"], nil), (["nbf": "1767225601"], .notYetValid),
            (["nbf": "1e300"], .notYetValid),
            (["nbf": "-1e300"], nil),
            (["iss": "\"other\""], .unknownIssuer), (["iss": nil], .unknownIssuer),
            (["iss": "7"], .malformed),
            (["aud": "\"other\""], .wrongAudience), (["aud": nil], .wrongAudience),
            (["aud": "[]"], .wrongAudience), (["aud": "[\"other\",\"gestaloka\"]"], nil),
            (["aud": "[\"other\"]"], .wrongAudience), (["aud": "[7]"], .malformed),
            (["sub": nil], .incomplete), (["sub": "\"\""], .incomplete), (["sub": "7"], .malformed),
            (["sid": nil], .incomplete), (["roles": "\"ops\""], .malformed), (["roles": "[\"ops\"]"], nil),
        ] as [([String: String?], Tokens.Refusal?)])
    func claims_areChecked(_ changes: [String: String?], _ expected: Tokens.Refusal?) {
        #expect(refusal(Self.signed(Self.header, Self.payload(changes))) == expected)
    }

    /// RFC 7515 section 4 and RFC 7519 section 4: no two readers may see different headers or claims.
    @Test(
        arguments: [
            (#"{"alg":"HS256","alg":"none"}"#, nil), (#"{"alg":"none","alg":"HS256"}"#, nil),
            (#"{"alg":"HS256","a\u006cg":"HS256"}"#, nil), (#"{"alg":"HS256","x":{"a":1,"a":2}}"#, nil),
            (#"{"alg":"HS256",}"#, nil), ("\u{FEFF}{\"alg\":\"HS256\"}", nil), (#"{"alg":"HS256"} x"#, nil),
            (nil, #","sub":"player_2"}"#), (nil, #","s\u0075b":"player_2"}"#),
            (nil, #","roles":["a"],"roles":["ops"]}"#),
            (nil, ",}"), (nil, #","x":[1,]}"#), (nil, #","x":"\ud800"}"#), (nil, #","x":{"y":0,"y":0}}"#),
            (nil, #","x":01}"#), (nil, "} "), (nil, #","x":NaN}"#),
        ] as [(String?, String?)])
    func whatIsNoStrictJSON_isRefused(_ header: String?, _ end: String?) {
        let payload = Self.payload().dropLast() + (end ?? "}")
        let token = Self.signed(header ?? Self.header, String(payload))
        // Blanks around a value are no fault.
        #expect(refusal(token) == (end == "} " ? nil : .malformed))
    }

    @Test func utf16_isRefused() {
        for header in [Self.header, nil] {
            func text(_ json: String, isWide: Bool) -> String {
                Self.base64URL(
                    isWide ? json.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] } : Array(json.utf8))
            }
            let signed =
                text(Self.header, isWide: header == nil) + "." + text(Self.payload(), isWide: header != nil)
            let signature = Cryptography.hmacSHA256(key: Array(Self.key.utf8), Array(signed.utf8)) ?? []
            #expect(refusal(signed + "." + Self.base64URL(signature)) == .malformed)
        }
    }

    // MARK: Several entries and keys

    private static func key(_ digit: Character) -> String { String(repeating: digit, count: 32) }

    private func refusal(
        of tokens: Tokens, _ header: String = header, audience: String = "\"gestaloka\"", key: String
    ) -> Tokens.Refusal? {
        do throws(Tokens.Refusal) {
            _ = try tokens.verify(
                Self.signed(header, Self.payload(["aud": audience]), key: key), now: Self.now)
            return nil
        } catch { return error }
    }

    @Test func twoAudiencesOfOneIssuer_areTwoEntries() {
        let tokens = Tokens([
            Issuer(issuer: "gestaloka", audience: "game", key: Self.key("1")),
            Issuer(issuer: "gestaloka", audience: "ops", key: Self.key("2")),
        ])
        #expect(refusal(of: tokens, audience: #""game""#, key: Self.key("1")) == nil)
        #expect(refusal(of: tokens, audience: #""ops""#, key: Self.key("2")) == nil)
        #expect(refusal(of: tokens, audience: #"["x","ops","game"]"#, key: Self.key("1")) == nil)
        #expect(refusal(of: tokens, audience: #"["x","ops","game"]"#, key: Self.key("2")) == nil)
        #expect(refusal(of: tokens, audience: #""ops""#, key: Self.key("1")) == .badSignature)
        #expect(refusal(of: tokens, audience: #""game""#, key: Self.key("2")) == .badSignature)
        #expect(refusal(of: tokens, audience: #""other""#, key: Self.key("1")) == .wrongAudience)
    }

    @Test func keysOfOneIssuer_areFoundByTheirId_andTheFirstSigns() throws {
        let new = Issuer.Key(id: "2", secret: Self.key("2"))
        let old = Issuer.Key(id: "1", secret: Self.key)
        let tokens = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", keys: [new, old])])
        func header(_ id: String) -> String { #"{"alg":"HS256","kid":\#(id)}"# }
        #expect(refusal(of: tokens, header(#""2""#), key: Self.key("2")) == nil)
        #expect(refusal(of: tokens, header(#""1""#), key: Self.key) == nil)
        #expect(refusal(of: tokens, header(#""1""#), key: Self.key("2")) == .badSignature)
        #expect(refusal(of: tokens, header(#""3""#), key: Self.key("2")) == .unknownKey)
        #expect(refusal(of: tokens, header("2"), key: Self.key("2")) == .malformed)
        // From before there were several: no key is named, so each is tried.
        #expect(try tokens.verify(Self.known, now: Self.now) == Self.knownClaims)
        #expect(refusal(of: tokens, key: Self.key("3")) == .badSignature)
        let made = try #require(tokens.sign(Self.knownClaims, now: Self.now))
        #expect(made.hasPrefix(Self.base64URL(Array(#"{"alg":"HS256","kid":"2","typ":"JWT"}"#.utf8)) + "."))
        #expect(try tokens.verify(made, now: Self.now) == Self.knownClaims)
        let later = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", keys: [new])])
        #expect(try later.verify(made, now: Self.now) == Self.knownClaims)
        #expect(throws: Tokens.Refusal.badSignature) { try later.verify(Self.known, now: Self.now) }
    }

    @Test func aMark_isOfItsKeyAndBlock() {
        let (one, other) = (Tokens([Issuer(issuer: "a", audience: "b", key: Self.key)]), Tokens([]))
        #expect(one.mark(of: "192.0.2.1") == one.mark(of: "192.0.2.1"))
        #expect(one.mark(of: "192.0.2.1") != one.mark(of: "192.0.2.2"))
        #expect(one.mark(of: "192.0.2.1")?.hasPrefix("from_") == true)
        #expect(other.mark(of: "192.0.2.1") == nil)
    }

    @Test func anAbsurdEnd_isCutOff() throws {
        let claims = try tokens.verify(
            Self.signed(Self.header, Self.payload(["exp": "1e300"])), now: Self.now)
        #expect(claims.expiresAt == Timestamp(milliseconds: 9_000_000_000_000_000))
    }

    @Test func aHugeToken_isNotLookedAt() {
        let roles = "[\"" + String(repeating: "x", count: 5_000) + "\"]"
        #expect(refusal(Self.signed(Self.header, Self.payload(["roles": roles]))) == .malformed)
        let deep = String(repeating: "[", count: 2_000)
        #expect(refusal(Self.signed(Self.header, deep)) == .malformed)
        #expect(refusal(Self.signed(Self.header, "{\"iss\":" + deep)) == .malformed)
        let long = "\"" + String(repeating: "x", count: 129) + "\""
        #expect(refusal(Self.signed(Self.header, Self.payload(["sub": long]))) == .incomplete)
    }

    @Test func anIssuerWithoutAKey_takesAndMakesNothing() {
        let open = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", key: nil)])
        let forged = Self.signed(Self.header, Self.payload(), key: "")
        #expect(throws: Tokens.Refusal.badSignature) { try open.verify(forged, now: Self.now) }
        #expect(open.sign(Self.knownClaims, now: Self.now) == nil)
        #expect(Tokens([]).sign(Self.knownClaims, now: Self.now) == nil)
        #expect(throws: Tokens.Refusal.unknownIssuer) { try Tokens([]).verify(Self.known, now: Self.now) }
    }

    @Test func eachIssuer_hasItsOwnKey() throws {
        let two = Tokens([
            Issuer(issuer: "first", audience: "a", key: String(repeating: "1", count: 32)),
            Issuer(issuer: "gestaloka", audience: "gestaloka", key: Self.key),
        ])
        #expect(try two.verify(Self.known, now: Self.now) == Self.knownClaims)
        let made = try #require(two.sign(Self.knownClaims, now: Self.now))
        #expect(try two.verify(made, now: Self.now) == Self.knownClaims)
        #expect(refusal(made) == .unknownIssuer)
    }
}
