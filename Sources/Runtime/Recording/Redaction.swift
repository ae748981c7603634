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
    /// What a text with such a member, or with a token, has in it: bytes, and which of them is looked for.
    private let marks: [(bytes: [UInt8], rarest: Int)]
    /// For each byte, whether it is one that is looked for.
    private let isLookedFor: [Bool]

    /// Also takes out the members called `fields`.
    init(fields: [String]) {
        names = Self.always.union(fields)
        // An escaped letter may spell a name, too.
        let texts = names.map { "\"\($0)\"" } + ["eyJ", "\\u"]
        marks = texts.map { text in
            let bytes = Array(text.utf8)
            let rarest = bytes.indices.min { Self.rank(bytes[$0]) < Self.rank(bytes[$1]) } ?? 0
            return (bytes, rarest)
        }
        var isLookedFor = [Bool](repeating: false, count: 256)
        for mark in marks { isLookedFor[Int(mark.bytes[mark.rarest])] = true }
        self.isLookedFor = isLookedFor
    }

    /// The rarer a byte in the texts of a game, the smaller.
    private static func rank(_ byte: UInt8) -> Int {
        Array("\\JQXZYVKWqxjzkwvyfbgpumchldrnsitoae_\"".utf8).firstIndex(of: byte) ?? 18
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
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe isLookedFor.withUnsafeBufferPointer { isLookedFor in
                for index in bytes.indices where unsafe isLookedFor[Int(bytes[index])] {
                    if unsafe isMarked(bytes, at: index) { return true }
                }
                return false
            }
        }
    }

    private func isMarked(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        for mark in marks where unsafe mark.bytes[mark.rarest] == bytes[index] {
            let start = index - mark.rarest
            guard start >= 0, start + mark.bytes.count <= bytes.count else { continue }
            if mark.bytes.indices.allSatisfy({ unsafe mark.bytes[$0] == bytes[start + $0] }) { return true }
        }
        return false
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
