internal import Base
package import Functions
internal import Identity
internal import Ledger

/// What a client calls one thing that it asks for, so that it may ask again
/// (draft-ietf-httpapi-idempotency-key-header-06).
package struct IdempotencyKey: Equatable {
    /// A key's length in bytes.
    static let bytes = 1...255
    /// How many arguments of an event are looked at.
    private static let arguments = 8

    let text: String

    /// Nil where the text is no key: 1 to 255 letters, digits and `-._~+/=:@`, as UUIDs and Base64 have, and nothing
    /// that looks like a token, which a recording would leave out.
    init?(_ text: String) {
        guard Self.bytes.contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed),
            WebTokens.replaced(in: Array(text.utf8), by: "") == nil
        else { return nil }
        self.text = text
    }

    /// The key in a field `Idempotency-Key`: a string of RFC 8941 section 3.3.3 as the draft has it, or bare, as most
    /// clients send it. Two fields come as one with a comma, and so are no key.
    init?(field: String) {
        guard field.utf8.first == UInt8(ascii: "\"") else {
            self.init(field)
            return
        }
        guard field.utf8.count >= 2, field.utf8.last == UInt8(ascii: "\"") else { return nil }
        self.init(String(field.dropFirst().dropLast()))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        // `-`, `.` and `/` stand before the digits, `:` behind them.
        case UInt8(ascii: "-")...UInt8(ascii: ":"): true
        case UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "@"):
            true
        default: false
        }
    }
}

extension IdempotencyKey {
    /// The key of an event; nil where it has none. Throws for one that cannot be used.
    ///
    /// `member` is the name of the member that holds it, in an input that is an object, or in one of several arguments.
    /// Where a field says it too, both must say the same. A recorded event has what was found then, and for the member
    /// it may have the text `leftOutAs`.
    package static func of(_ event: Event, member: String, leftOutAs mark: String? = nil) throws(Problem)
        -> IdempotencyKey?
    {
        var key: IdempotencyKey?
        if let field = event.idempotencyKey {
            guard let found = IdempotencyKey(field: field) else {
                throw Problem(.invalid, "The Idempotency-Key " + Self.rule + ".")
            }
            key = found
        }
        guard let literal = Self.literal(of: member, in: event.data) else { return key }
        if let mark, key != nil, literal == JSONScanner.quoted(mark) { return key }
        let pointer = "/" + member.replacing("~", with: "~0").replacing("/", with: "~1")
        guard let found = JSONScanner.string(of: literal).flatMap({ IdempotencyKey($0) }) else {
            throw Problem(InvalidInput(pointer, Self.rule))
        }
        guard key == nil || key == found else {
            throw Problem(InvalidInput(pointer, "is not what the Idempotency-Key says"))
        }
        return found
    }

    private static let rule = "must be 1 to 255 letters, digits and -._~+/=:@, and no token"

    /// The JSON text of a member; nil where there is none, or it is null.
    private static func literal(of member: String, in data: [UInt8]) -> String? {
        guard let members = JSONScanner.memberRanges(of: data.span) else {
            // Several arguments of a socket's event; the first that has it counts.
            guard data.first == UInt8(ascii: "["),
                let elements = JSONScanner.elements(of: String(decoding: data, as: UTF8.self))
            else { return nil }
            return elements.prefix(arguments).lazy.filter { $0.utf8.first == UInt8(ascii: "{") }
                .compactMap { literal(of: member, in: Array($0.utf8)) }.first
        }
        for (name, value) in members where isName(member, data[name.dropFirst().dropLast()]) {
            let text = String(decoding: data[value], as: UTF8.self)
            return text == "null" ? nil : text
        }
        return nil
    }

    /// Whether what stands between a name's quotes is this member's.
    private static func isName(_ member: String, _ written: ArraySlice<UInt8>) -> Bool {
        if written.elementsEqual(member.utf8) { return true }
        guard written.contains(UInt8(ascii: "\\")) else { return false }
        let literal = "\"" + String(decoding: written, as: UTF8.self) + "\""
        return JSONScanner.string(of: literal)?.utf8.elementsEqual(member.utf8) == true
    }

    /// The key as the store knows it: of this function and this caller, for this input. Nil when libcrypto fails.
    ///
    /// A function's name has no slash and a key no blank, so that no two of these names are the same.
    func requestKey(function: String, scope: String, input: [UInt8]) -> RequestKey? {
        Cryptography.sha256(input).map {
            RequestKey(name: function + "/" + text + " " + scope, fingerprint: $0)
        }
    }
}
