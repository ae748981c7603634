/// A place in a YAML text: line and column from 1, columns in Unicode scalars.
struct YAMLMark: Sendable, Equatable {
    var line: Int
    var column: Int

    static let start = YAMLMark(line: 1, column: 1)
}

/// A value of a YAML text and where it starts. Only what a manifest needs: no anchors, aliases or tags.
struct YAMLNode: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        /// Text as written, before any expansion. Only plain text can mean "nothing" (`~`, `null`, empty).
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    var value: Value
    var mark: YAMLMark

    /// Whether this is a key or a list entry with nothing behind it.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What this is, for messages.
    var kind: String {
        switch value {
        case .scalar: isNull ? "nothing" : "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key and its value.
struct YAMLEntry: Sendable, Equatable {
    var key: String
    var mark: YAMLMark
    var value: YAMLNode
}

/// Why a text could not be read as YAML, and where.
struct YAMLError: Error, Equatable {
    var message: String
    var mark: YAMLMark
}
