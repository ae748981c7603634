internal import Base
internal import Functions
internal import Identity

/// Takes secrets out of JSON texts: the values of some members, at any depth and in any text, and whatever looks like a
/// JSON Web Token, wherever it stands.
struct Redaction: Sendable {
    /// Members whose text is never kept, whatever the case of their letters.
    static let always: Set<String> = [
        "token", "access_token", "refresh_token", "id_token", "authorization", "password", "secret",
        "api_key",
    ]

    private let names: Set<String>
    /// What a text with such a member has in it. A token has dots.
    private let marks: [Mark]
    /// For each byte, whether it is one that is looked for.
    private let isLookedFor: [Bool]

    private struct Mark {
        /// In lower case where case does not count.
        let bytes: [UInt8]
        let ignoresCase: Bool
        /// Which of them is looked for.
        let rarest: Int

        init(_ text: String, ignoresCase: Bool = false) {
            let bytes = Array(text.utf8)
            self.bytes = bytes
            self.ignoresCase = ignoresCase
            rarest = bytes.indices.min { Redaction.rank(bytes[$0]) < Redaction.rank(bytes[$1]) } ?? 0
        }

        func isByte(_ byte: UInt8, at index: Int) -> Bool {
            bytes[index] == byte || ignoresCase && Redaction.isUpper(byte) && bytes[index] == byte | 0x20
        }
    }

    /// Also takes out the members called `fields`.
    init(fields: [String]) {
        names = Self.always.union(fields)
        // An escaped letter may spell a name, too; any backslash may, where a name has a character that is escaped.
        let hasEscapes = names.contains {
            $0.utf8.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x2f || $0 == 0x5c }
        }
        marks =
            Self.always.map { Mark(JSONScanner.quoted($0), ignoresCase: true) }
            + Set(fields).subtracting(Self.always).map { Mark(JSONScanner.quoted($0)) }
            + [Mark(JSONScanner.quoted(Binary.member)), Mark(hasEscapes ? "\\" : "\\u")]
        var isLookedFor = [Bool](repeating: false, count: 256)
        for byte in UInt8.min...UInt8.max
        where byte == Self.period || marks.contains(where: { $0.isByte(byte, at: $0.rarest) }) {
            isLookedFor[Int(byte)] = true
        }
        self.isLookedFor = isLookedFor
    }

    /// The rarer a byte in the texts that are recorded, the smaller.
    fileprivate static func rank(_ byte: UInt8) -> Int {
        Array("\\JQXZYVKWqxjzkwvyfbgpumchldrnsitoae_\"".utf8).firstIndex(of: byte) ?? 18
    }

    private static let period = UInt8(ascii: ".")

    fileprivate static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5a }

    /// Whether members of this name are left out.
    func leavesOut(_ name: String) -> Bool { names.contains(name) || Self.always.contains(name.lowercased()) }

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
                    if unsafe bytes[index] == Self.period {
                        if unsafe WebTokens.mayStand(around: index, in: bytes.span) { return true }
                    } else if unsafe isMarked(bytes, at: index) {
                        return true
                    }
                }
                return false
            }
        }
    }

    private func isMarked(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        for mark in marks where unsafe mark.isByte(bytes[index], at: mark.rarest) {
            let start = index - mark.rarest
            guard start >= 0, start + mark.bytes.count <= bytes.count else { continue }
            if mark.bytes.indices.allSatisfy({ unsafe mark.isByte(bytes[start + $0], at: $0) }) {
                return true
            }
        }
        return false
    }

    /// Nil for what is no JSON.
    private func cleaned(_ json: String) -> String? {
        var pass = RedactionPass(json, self)
        guard pass.run() else { return nil }
        return pass.isChanged ? String(decoding: pass.output, as: UTF8.self) : json
    }

    /// Replaces what looks like a JSON Web Token.
    func withoutTokens(_ text: String) -> String {
        WebTokens.replaced(in: Array(text.utf8), by: RecordingFormat.redacted).map {
            String(decoding: $0, as: UTF8.self)
        } ?? text
    }

    /// The Base64 of `Binary` without the tokens that its bytes hold; nil for what is no Base64.
    func withoutTokens(base64: String) -> String? {
        guard let bytes = Base64.decode(base64) else { return nil }
        return WebTokens.replaced(in: bytes, by: RecordingFormat.redacted).map { Base64.encode($0) } ?? base64
    }
}
