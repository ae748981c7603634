internal import Functions

/// Why a manifest was refused: every problem at once, so that one edit can mend them all.
public struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problems, in file order; at least one and at most 20.
    public let problems: [ManifestProblem]
    /// How many more there were.
    public let omitted: Int

    /// One problem a line, ready for a terminal. No line shows a signing key.
    public var description: String {
        var lines = problems.map(\.description)
        if omitted > 0 {
            lines.append("... and \(omitted) more")
        }
        return lines.joined(separator: "\n")
    }

    /// An error for what a decoder found, or nil if it found nothing.
    init?(found: [ManifestProblem]) {
        guard !found.isEmpty else { return nil }
        // The offset keeps problems of one place in the order they were found; sort alone is not stable.
        let ordered = found.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset)
                < ($1.element.line, $1.element.column, $1.offset)
        }
        problems = ordered.prefix(ManifestBounds.problems).map(\.element)
        omitted = found.count - problems.count
    }

    init(problem message: String, at mark: YAMLMark, file: String) {
        problems = [ManifestProblem(file: file, line: mark.line, column: mark.column, message: message)]
        omitted = 0
    }
}

/// One thing that is wrong in a manifest.
public struct ManifestProblem: Sendable, Equatable, CustomStringConvertible {
    /// The manifest, as it was named to the reader.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in Unicode scalars.
    public let column: Int
    /// What is wrong, in plain words without a full stop.
    public let message: String
    /// What was probably meant, to be written in place of what stands there.
    public let suggestion: String?

    /// `functions.yaml:12:7: unknown key 'tiggers' (did you mean 'on'?)`
    public var description: String {
        let place = "\(file):\(line):\(column): \(message)"
        return suggestion.map { "\(place) (did you mean '\($0)'?)" } ?? place
    }

    /// A problem at a place of `file`.
    public init(file: String, line: Int, column: Int, message: String, suggestion: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }
}
