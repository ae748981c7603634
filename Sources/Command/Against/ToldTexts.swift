internal import FoundationEssentials
internal import Runtime

/// What was told to functions from outside while the recording was made: a language model's words, or the built-in
/// narrator's. A host that runs the same code is told something else, for its seeds are others.
struct ToldTexts: Sendable {
    /// A text that stands somewhere within a longer one must be so long, in bytes, to be taken for a part of that.
    private static let shortestPart = 16
    /// How much of longer texts is kept, in bytes.
    private static let limit = 64 << 20

    /// Texts as they were told, each a whole value.
    private let values: Set<String>
    /// What is told in no form that we know.
    private let prose: [String]

    init(_ invocations: [RecordedInvocation]) {
        // A model's client says how it went in pieces of its own (U+001E).
        self.init(
            invocations.lazy.flatMap(\.taken.texts.values).map { record in
                record.pieces.map(\.text).filter { !$0.hasPrefix("\u{1e}") }.joined()
            })
    }

    /// Texts as they were told.
    init(_ texts: some Sequence<String>) {
        var values: Set<String> = []
        var prose: [String] = []
        var left = Self.limit
        for text in texts where !text.isEmpty && left > 0 {
            left -= text.utf8.count
            if let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) {
                Self.collect(value, into: &values)
            } else {
                prose.append(text)
            }
        }
        self.values = values
        self.prose = prose
    }

    var isEmpty: Bool { values.isEmpty && prose.isEmpty }

    /// Whether a text of an answer was told from outside.
    func contains(_ text: String) -> Bool {
        values.contains(text)
            || text.utf8.count >= Self.shortestPart && prose.contains { $0.contains(text) }
    }

    /// Whether any text of a value was.
    func contains(in value: JSONValue) -> Bool {
        switch value {
        case .string(let text): contains(text)
        case .array(let elements): elements.contains { contains(in: $0) }
        case .object(let members): members.values.contains { contains(in: $0) }
        default: false
        }
    }

    // Recursion goes as deep as a JSONValue can be: 128 levels.
    private static func collect(_ value: JSONValue, into texts: inout Set<String>) {
        switch value {
        case .string(let text): if !text.isEmpty { texts.insert(text) }
        case .array(let elements): for element in elements { collect(element, into: &texts) }
        case .object(let members): for element in members.values { collect(element, into: &texts) }
        default: break
        }
    }
}
