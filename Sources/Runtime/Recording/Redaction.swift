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
        // An escaped letter may spell a name, too; any backslash may, where a name has a character that is escaped.
        let hasEscapes = names.contains {
            $0.utf8.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x2f || $0 == 0x5c }
        }
        let texts = names.map { JSONScanner.quoted($0) } + ["eyJ", hasEscapes ? "\\" : "\\u"]
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

    /// The text without its secrets, and as it is where it has none. What is no JSON is kept out whole if it may hold one.
    func callAsFunction(_ json: String) -> String {
        guard isSuspect(json.utf8.span) else { return json }
        return cleaned(json) ?? JSONScanner.quoted(RecordingFormat.redacted)
    }

    /// The same of an event's data, which may be anything. What stands for data that is no JSON is none either, so that
    /// it is refused for the same reason.
    func callAsFunction(_ data: [UInt8]) -> [UInt8] {
        guard isSuspect(data.span) else { return data }
        let text = String(validating: data, as: UTF8.self).flatMap { cleaned($0) }
        return Array((text ?? RecordingFormat.redacted).utf8)
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

    /// Nil for what is no JSON, or nested too deeply.
    private func cleaned(_ json: String) -> String? {
        var isChanged = false
        let text = rewritten(json, &isChanged)
        return isChanged ? text : text.map { _ in json }
    }

    /// Not deeper than `JSONScanner` reads.
    private func rewritten(_ json: String, _ isChanged: inout Bool) -> String? {
        if let members = JSONScanner.members(of: json) {
            var parts: [String] = []
            parts.reserveCapacity(members.count)
            for (name, value) in members {
                let isSecret = names.contains(name) && value != "null"
                let kept = isSecret ? nil : rewritten(value, &isChanged)
                let plain = withoutTokens(name)
                if kept == nil || plain != name { isChanged = true }
                parts.append(
                    JSONScanner.quoted(plain) + ":" + (kept ?? JSONScanner.quoted(RecordingFormat.redacted)))
            }
            return "{" + parts.joined(separator: ",") + "}"
        }
        if let elements = JSONScanner.elements(of: json) {
            var parts: [String] = []
            parts.reserveCapacity(elements.count)
            for element in elements {
                let kept = rewritten(element, &isChanged)
                if kept == nil { isChanged = true }
                parts.append(kept ?? JSONScanner.quoted(RecordingFormat.redacted))
            }
            return "[" + parts.joined(separator: ",") + "]"
        }
        if let text = JSONScanner.string(of: json) {
            let plain = withoutTokens(text)
            guard plain != text else { return json }
            isChanged = true
            return JSONScanner.quoted(plain)
        }
        // A number, true, false or null; a string that could not be read may hold anything.
        return ![0x22, 0x5b, 0x7b].contains(json.utf8.first) && JSONScanner.isValue(Array(json.utf8))
            ? json : nil
    }

    /// Replaces `eyJ….….…` (RFC 7519: parts in base64url between dots, three of them or, encrypted, five; the first a
    /// JSON object).
    func withoutTokens(_ text: String) -> String {
        guard Self.mayHoldToken(text.utf8.span) else { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        var isChanged = false
        while index < bytes.count {
            guard bytes[index] == 0x65, index + 2 < bytes.count, bytes[index + 1] == 0x79,
                bytes[index + 2] == 0x4a
            else {
                result.append(bytes[index])
                index += 1
                continue
            }
            var end = index
            var dots = 0
            while end < bytes.count, Self.isTokenByte(bytes[end]) {
                if bytes[end] == 0x2e { dots += 1 }
                end += 1
            }
            if dots >= 2 {
                result += RecordingFormat.redacted.utf8
                isChanged = true
            } else {
                result += bytes[index..<end]
            }
            index = end
        }
        return isChanged ? String(decoding: result, as: UTF8.self) : text
    }

    private static func mayHoldToken(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count > 4 else { return false }
        for index in 0..<bytes.count - 4
        where bytes[index] == 0x65 && bytes[index + 1] == 0x79 && bytes[index + 2] == 0x4a { return true }
        return false
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }
}
