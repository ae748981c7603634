internal import Base
internal import Functions

/// One place where a replay gave something else than was recorded.
public struct Difference: Sendable, Equatable {
    /// Where, such as `answer.body.choices[1].label`. The index is the recorded array's, but for an element that only
    /// the replay has; a member's name that is no word stands as `["a name"]`.
    public let path: String
    /// What was recorded there: compact JSON, or the text as it is where it was no JSON. Nil where nothing was.
    public let recorded: String?
    /// What the replay gave there, in the same form.
    public let replayed: String?

    /// A difference from its parts.
    public init(path: String, recorded: String?, replayed: String?) {
        self.path = path
        self.recorded = recorded
        self.replayed = replayed
    }

    /// The places where two JSON texts differ, field by field, in the recorded order; none where they are the same
    /// JSON value but for the order of members, blanks and escapes.
    ///
    /// Arrays are aligned by a longest common subsequence, so one inserted element is one difference and not all that
    /// follow; what remains between is paired by likeness. Numbers are the same where their texts are. What is no
    /// JSON is compared as text, byte by byte. At most `limit` differences are given, and no text is cut.
    public static func between(
        _ recorded: String, _ replayed: String, at path: String, limit: Int = 100,
        masking mask: DifferenceMask = DifferenceMask()
    ) -> [Difference] {
        guard limit > 0, !mask.covers(part: path), !areSame(recorded, replayed) else { return [] }
        var values = JSONValues()
        let (a, b) = (values.node(of: recorded), values.node(of: replayed))
        var comparison = Comparison(limit: limit, mask: mask)
        comparison.compare(a, b, at: path)
        return comparison.found
    }

    /// Byte by byte: `==` on texts takes canonically equivalent ones as equal.
    private static func areSame(_ a: String, _ b: String) -> Bool {
        let (a, b) = (a.utf8.span, b.utf8.span)
        guard a.count == b.count else { return false }
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }
}

/// Walks two values side by side. No deeper than `JSONScanner.depthLimit`, for the values are not.
private struct Comparison {
    let limit: Int
    let mask: DifferenceMask
    private(set) var found: [Difference] = []

    init(limit: Int, mask: DifferenceMask) {
        self.limit = limit
        self.mask = mask
    }

    mutating func compare(_ a: JSONValues.Node, _ b: JSONValues.Node, at path: String) {
        guard a.id != b.id, found.count < limit else { return }
        switch (a.content, b.content) {
        case (.object(let a), .object(let b)): compare(a, b, at: path)
        case (.array(let a), .array(let b)): compare(a, b, at: path)
        default: add(path, a, b)
        }
    }

    private mutating func compare(
        _ a: [JSONValues.Member], _ b: [JSONValues.Member], at path: String
    ) {
        let replayed = Dictionary(b.map { ($0.key, $0.value) }) { first, _ in first }
        for member in a {
            guard found.count < limit else { return }
            let place = Self.path(path, member.name)
            if let other = replayed[member.key] {
                guard member.value.id != other.id, !mask.covers(place, member.name) else { continue }
                compare(member.value, other, at: place)
            } else if !mask.covers(place, member.name) {
                add(place, member.value, nil)
            }
        }
        let recorded = Set(a.map(\.key))
        for member in b where !recorded.contains(member.key) {
            let place = Self.path(path, member.name)
            if !mask.covers(place, member.name) { add(place, nil, member.value) }
        }
    }

    private mutating func compare(_ a: [JSONValues.Node], _ b: [JSONValues.Node], at path: String) {
        for step in ArrayAlignment.steps(a, b) {
            guard found.count < limit else { return }
            switch step {
            case .pair(let i, let j): compare(a[i], b[j], at: "\(path)[\(i)]")
            case .removed(let i): add("\(path)[\(i)]", a[i], nil)
            case .added(let j): add("\(path)[\(j)]", nil, b[j])
            }
        }
    }

    private mutating func add(_ path: String, _ a: JSONValues.Node?, _ b: JSONValues.Node?) {
        guard found.count < limit else { return }
        found.append(Difference(path: path, recorded: a?.text, replayed: b?.text))
    }

    private static func path(_ path: String, _ name: String) -> String {
        let isWord =
            !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-$".unicodeScalars.contains($0)
            }
        guard isWord else { return "\(path)[\(JSONScanner.quoted(name))]" }
        return path.isEmpty ? name : "\(path).\(name)"
    }
}

/// JSON texts taken apart, each different value with a number of its own: two values are the same JSON value exactly
/// where their numbers are equal.
struct JSONValues {
    struct Node {
        let id: Int
        let content: Content
    }

    enum Content {
        /// A scalar as it was written; or, for a whole text, what is no JSON.
        case leaf(String)
        case array([Node])
        case object([Member])
    }

    struct Member {
        let name: String
        /// The number of the name, and of which one of that name it is.
        let key: Int
        let value: Node
    }

    /// Bytes and not texts, for texts that are canonically equivalent would be one key.
    private enum Key: Hashable {
        case text([UInt8])
        case raw([UInt8])
        case member(name: Int, occurrence: Int)
        case array([Int])
        case object([Int])
    }

    private var ids: [Key: Int] = [:]

    /// The value of a whole text.
    mutating func node(of text: String) -> Node {
        if let container = container(text) { return container }
        // A scalar may have blanks around it; any other text is taken as it is.
        let elements = JSONScanner.elements(of: "[\(text)]")
        return leaf(elements?.count == 1 ? elements?.first ?? text : text)
    }

    private mutating func container(_ text: String) -> Node? {
        if let members = JSONScanner.members(of: text) { return object(members) }
        guard let elements = JSONScanner.elements(of: text) else { return nil }
        let nodes = elements.map { container($0) ?? leaf($0) }
        return Node(id: id(.array(nodes.map(\.id))), content: .array(nodes))
    }

    private mutating func object(_ members: [(name: String, value: String)]) -> Node {
        var occurrences: [Int: Int] = [:]
        let members = members.map { member in
            let name = id(.text(Array(member.name.utf8)))
            let occurrence = occurrences[name, default: 0]
            occurrences[name] = occurrence + 1
            return Member(
                name: member.name, key: id(.member(name: name, occurrence: occurrence)),
                value: container(member.value) ?? leaf(member.value))
        }
        let sorted = members.sorted { $0.key < $1.key }
        return Node(
            id: id(.object(sorted.flatMap { [$0.key, $0.value.id] })), content: .object(members))
    }

    private mutating func leaf(_ text: String) -> Node {
        let decoded = JSONScanner.string(of: text)
        return Node(
            id: id(decoded.map { .text(Array($0.utf8)) } ?? .raw(Array(text.utf8))), content: .leaf(text))
    }

    private mutating func id(_ key: Key) -> Int {
        if let id = ids[key] { return id }
        ids[key] = ids.count
        return ids.count - 1
    }
}

extension JSONValues.Node {
    /// The value as compact JSON, its members in their order and its scalars as they were written.
    var text: String {
        if case .leaf(let text) = content { return text }
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(to bytes: inout [UInt8]) {
        switch content {
        case .leaf(let text): bytes += text.utf8
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONScanner.appendQuoted(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
