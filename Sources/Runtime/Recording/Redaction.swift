internal import Wire

/// Takes secrets out of JSON texts: the values of some members, at any depth and in any text, and whatever looks like a
/// JSON Web Token, wherever it stands.
struct Redaction: Sendable {
    /// Members whose text is never kept.
    static let always: Set<String> = [
        "token", "access_token", "refresh_token", "id_token", "authorization", "password", "secret",
        "api_key",
    ]

    private let names: Set<String>
    /// What a JSON text with such a member has in it.
    private let marks: [[UInt8]]
    /// Whether a byte is the first of such a member's name.
    private let firsts: [Bool]

    /// Also takes out the members called `fields`.
    init(fields: [String]) {
        names = Self.always.union(fields)
        marks = names.map { Array("\"\($0)\"".utf8) }
        var firsts = [Bool](repeating: false, count: 256)
        for mark in marks { firsts[Int(mark[1])] = true }
        self.firsts = firsts
    }

    /// Whether members of this name are left out.
    func leavesOut(_ name: String) -> Bool { names.contains(name) }

    /// The text without its secrets. What is no JSON is kept out whole if it may hold one.
    func callAsFunction(_ json: String) -> String {
        guard isSuspect(json.utf8.span) else { return json }
        return rewritten(json, depth: 0) ?? JSONScanner.quoted(RecordingFormat.redacted)
    }

    /// Whether a text may hold what is to be left out; nearly none does.
    func isSuspect(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 3 else { return false }
        for index in 0..<bytes.count - 2 {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard firsts[Int(bytes[index + 1])] else { continue }
                if marks.contains(where: { Self.stands($0, in: bytes, at: index) }) { return true }
            case UInt8(ascii: "e"):
                if bytes[index + 1] == UInt8(ascii: "y"), bytes[index + 2] == UInt8(ascii: "J") {
                    return true
                }
            case UInt8(ascii: "\\"):
                // An escaped letter may spell a name.
                if bytes[index + 1] == UInt8(ascii: "u") { return true }
            default: break
            }
        }
        return false
    }

    private static func stands(_ mark: [UInt8], in bytes: Span<UInt8>, at start: Int) -> Bool {
        guard start + mark.count <= bytes.count else { return false }
        for index in mark.indices where bytes[start + index] != mark[index] { return false }
        return true
    }

    private func rewritten(_ json: String, depth: Int) -> String? {
        guard depth < JSONScanner.depthLimit else { return nil }
        if let members = JSONScanner.members(of: json) {
            let parts = members.map { name, value in
                let kept =
                    names.contains(name) && value != "null"
                    ? JSONScanner.quoted(RecordingFormat.redacted) : rewritten(value, depth: depth + 1)
                return JSONScanner.quoted(name) + ":" + (kept ?? JSONScanner.quoted(RecordingFormat.redacted))
            }
            return "{" + parts.joined(separator: ",") + "}"
        }
        if let elements = JSONScanner.elements(of: json) {
            let parts = elements.map {
                rewritten($0, depth: depth + 1) ?? JSONScanner.quoted(RecordingFormat.redacted)
            }
            return "[" + parts.joined(separator: ",") + "]"
        }
        if let text = JSONScanner.string(of: json) {
            let plain = withoutTokens(text)
            return plain == text ? json : JSONScanner.quoted(plain)
        }
        // A number, true, false or null.
        return json.utf8.count <= 64 ? json : nil
    }

    /// Replaces `eyJ….….…` (RFC 7519: three parts in base64url, the first a JSON object).
    func withoutTokens(_ text: String) -> String {
        guard text.utf8.count > 8 else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        var isChanged = false
        while index < bytes.count {
            if bytes[index] == 0x65, index + 2 < bytes.count, bytes[index + 1] == 0x79,
                bytes[index + 2] == 0x4a
            {
                var end = index
                var dots = 0
                while end < bytes.count, Self.isTokenByte(bytes[end]) || (bytes[end] == 0x2e && dots < 2) {
                    if bytes[end] == 0x2e { dots += 1 }
                    end += 1
                }
                if dots == 2 {
                    result += RecordingFormat.redacted.utf8
                    isChanged = true
                } else {
                    result += bytes[index..<end]
                }
                index = end
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : text
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x5f: true
        default: false
        }
    }
}
