internal import Base
internal import FoundationEssentials
internal import Runtime

/// Compares an answer with the recorded one. What no two runs have in common does not count: ids, times, tokens, how
/// long to wait, and why a token was refused.
struct AnswerComparison: Sendable {
    /// What stands in a recording for what was left out.
    private static let redacted = "[redacted]"
    /// What stands for a value that does not count.
    private static let masked = JSONValue.string("*")

    /// Members whose value is another one each time.
    private static let volatile: Set<String> = [
        "instance", "traceparent", "token", "access_token", "refresh_token", "id_token", "retry_after",
        "reset",
    ]

    private let ignored: Set<String>
    private let told: ToldTexts
    private let mask: DifferenceMask
    private let limit: Int

    /// Also passes over the members that were left out of the recording, those that are masked, and what was told from
    /// outside.
    init(
        redacted: [String] = [], told: ToldTexts = ToldTexts([String]()),
        mask: DifferenceMask = DifferenceMask(),
        limit: Int = AgainstLimits.standard.differences
    ) {
        ignored = Self.volatile.union(redacted)
        self.told = told
        self.mask = mask
        self.limit = limit
    }

    /// The differences, at most as many as the limit, with the paths that a replay's have: from `answer.status` and
    /// `answer.body` on. A body is JSON text, or empty.
    func differences(recorded: (status: Int, body: String), live: (status: Int, body: String)) -> [Difference]
    {
        // Most answers differ in their ids at most.
        let (left, right) = (Identifiers.masked(recorded.body), Identifiers.masked(live.body))
        guard recorded.status != live.status || left != right else { return [] }
        let isRefusal = recorded.status == 401 && live.status == 401
        var (first, second) = (JSONValue.string(left), JSONValue.string(right))
        if let a = Self.value(left), let b = Self.value(right) {
            first = mask(a, isRefusal: isRefusal)
            second = mask(b, isRefusal: isRefusal)
            if recorded.body.contains(Self.redacted) { second = Self.adopt(second, from: first) }
            if !told.isEmpty { second = retold(second, as: first) }
        }
        return Difference.between(
            Self.text(recorded.status, first), Self.text(live.status, second), at: "answer", limit: limit,
            masking: mask)
    }

    private static func value(_ text: String) -> JSONValue? {
        if text.isEmpty { return .null }
        return try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    // Recursion goes as deep as a JSONValue can be: 128 levels.
    private func mask(_ value: JSONValue, isRefusal: Bool) -> JSONValue {
        switch value {
        case .object(let members):
            let pairs = members.map { name, value in
                (
                    name,
                    isVolatile(name, value, isRefusal) ? Self.masked : mask(value, isRefusal: isRefusal)
                )
            }
            return .object(Dictionary(pairs) { first, _ in first })
        case .array(let elements): return .array(elements.map { mask($0, isRefusal: isRefusal) })
        case .string(let text): return Timestamp(rfc3339: text) == nil ? value : Self.masked
        default: return value
        }
    }

    private func isVolatile(_ name: String, _ value: JSONValue, _ isRefusal: Bool) -> Bool {
        // Whether there is a value at all is another matter.
        if value == .null { return false }
        if ignored.contains(name) || (isRefusal && name == "detail") { return true }
        guard name.hasSuffix("_at") || name.hasPrefix("expires") else { return false }
        switch value {
        case .integer, .number, .string: return true
        default: return false
        }
    }

    /// The answer with what the recording left out left out too.
    private static func adopt(_ live: JSONValue, from recorded: JSONValue) -> JSONValue {
        switch (live, recorded) {
        case (.object(let members), .object(let others)):
            return .object(
                Dictionary(
                    members.map { name, value in (name, others[name].map { adopt(value, from: $0) } ?? value)
                    }
                ) { first, _ in first })
        case (.array(let elements), .array(let others)):
            return .array(
                elements.enumerated().map { index, element in
                    index < others.count ? adopt(element, from: others[index]) : element
                })
        case (_, .string(redacted)): return recorded
        // A token within a text; what it was is not known.
        case (.string, .string(let text)) where text.contains(redacted): return recorded
        default: return live
        }
    }

    /// The answer with what was told then in place of what is told now: texts, and whole lists of what has them.
    private func retold(_ live: JSONValue, as recorded: JSONValue) -> JSONValue {
        switch (live, recorded) {
        case (.object(let members), .object(let others)):
            let pairs = members.map { name, value in
                (name, others[name].map { retold(value, as: $0) } ?? value)
            }
            return .object(Dictionary(pairs) { first, _ in first })
        case (.array(let elements), .array(let others)):
            guard elements.count == others.count else { return told.contains(in: recorded) ? recorded : live }
            return .array(zip(elements, others).map { retold($0, as: $1) })
        case (.string, .string(let text)): return told.contains(text) ? recorded : live
        default: return live
        }
    }

    /// An answer as a recording has it.
    private static func text(_ status: Int, _ body: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(body)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
        return #"{"status":\#(status),"body":\#(body)}"#
    }
}
