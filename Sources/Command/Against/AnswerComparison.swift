internal import FoundationEssentials
internal import Runtime
internal import Store
internal import Wire

/// One place in which an answer is not what was recorded.
struct AnswerDifference: Sendable, Equatable, Encodable {
    /// A JSON Pointer (RFC 6901) into the body; `status` for the status.
    let place: String
    /// JSON text, ids and times masked; nil where the recording has nothing there.
    let recorded: String?
    /// JSON text of the answer; nil where it has nothing there.
    let live: String?
}

/// Compares an answer with the recorded one. What no two runs have in common does not count: ids, times, tokens, how
/// long to wait, and why a token was refused.
struct AnswerComparison: Sendable {
    /// What stands in a recording for what was left out.
    static let redacted = "[redacted]"

    /// Members whose value is another one each time.
    private static let volatile: Set<String> = [
        "instance", "traceparent", "token", "access_token", "refresh_token", "id_token", "retry_after", "reset",
    ]

    private let ignored: Set<String>
    private let limit: Int

    /// Also passes over the members that were left out of the recording.
    init(redacted: [String] = [], limit: Int = AgainstLimits.standard.differences) {
        ignored = Self.volatile.union(redacted)
        self.limit = limit
    }

    /// The differences, at most as many as the limit; a body is JSON text, or empty.
    func differences(
        recorded: (status: Int, body: String), live: (status: Int, body: String)
    ) -> [AnswerDifference] {
        var found: [AnswerDifference] = []
        if recorded.status != live.status {
            found.append(
                AnswerDifference(
                    place: "status", recorded: String(recorded.status), live: String(live.status)))
        }
        // Most answers differ in their ids at most.
        if recorded.body == live.body || Identifiers.masked(recorded.body) == Identifiers.masked(live.body) {
            return found
        }
        guard let left = Self.value(recorded.body), let right = Self.value(live.body) else {
            found.append(AnswerDifference(place: "", recorded: recorded.body, live: live.body))
            return found
        }
        compare(left, right, at: "", refused: recorded.status == 401 && live.status == 401, &found)
        return found
    }

    private static func value(_ text: String) -> JSONValue? {
        if text.isEmpty { return .null }
        return try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    // As deep as a JSONValue can be: 128 levels.
    private func compare(
        _ recorded: JSONValue?, _ live: JSONValue?, at place: String, refused: Bool,
        _ found: inout [AnswerDifference]
    ) {
        guard found.count < limit else { return }
        switch (recorded, live) {
        case (.object(let a)?, .object(let b)?):
            for name in Set(a.keys).union(b.keys).sorted() {
                let path = place + "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
                let (left, right) = (a[name], b[name])
                if left != nil, right != nil, isVolatile(name, left, right, refused: refused) { continue }
                compare(left, right, at: path, refused: refused, &found)
            }
        case (.array(let a)?, .array(let b)?):
            for index in 0..<max(a.count, b.count) {
                compare(
                    index < a.count ? a[index] : nil, index < b.count ? b[index] : nil, at: "\(place)/\(index)",
                    refused: refused, &found)
            }
        case (.string(let a)?, .string(let b)?):
            if !isSame(a, b) { add(recorded, live, at: place, &found) }
        case (.string(let a)?, .some) where a == Self.redacted: break
        default:
            if recorded != live { add(recorded, live, at: place, &found) }
        }
    }

    private func isVolatile(
        _ name: String, _ recorded: JSONValue?, _ live: JSONValue?, refused: Bool
    ) -> Bool {
        if ignored.contains(name) { return true }
        if refused, name == "detail" { return true }
        guard name.hasSuffix("_at") || name.hasPrefix("expires") else { return false }
        return Self.isScalar(recorded) && Self.isScalar(live)
    }

    private static func isScalar(_ value: JSONValue?) -> Bool {
        switch value {
        case .integer?, .number?, .string?: true
        default: false
        }
    }

    private func isSame(_ recorded: String, _ live: String) -> Bool {
        if recorded == live { return true }
        // A token within a text was left out; what it stood for is not known.
        if recorded.contains(Self.redacted) { return true }
        if Timestamp(rfc3339: recorded) != nil, Timestamp(rfc3339: live) != nil { return true }
        return Identifiers.masked(recorded) == Identifiers.masked(live)
    }

    private func add(
        _ recorded: JSONValue?, _ live: JSONValue?, at place: String, _ found: inout [AnswerDifference]
    ) {
        found.append(
            AnswerDifference(place: place, recorded: recorded.map(Self.text), live: live.map(Self.text)))
    }

    private static func text(_ value: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "?" }
        return Identifiers.masked(String(decoding: data, as: UTF8.self))
    }
}
