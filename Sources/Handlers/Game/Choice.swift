/// Something the player may do next.
public struct Choice: Codable, Sendable, Equatable {
    /// What the player would do, at most 80 scalars.
    public let label: String
    /// What it leads to or risks, at most 300 scalars.
    public let summary: String

    /// A choice; ``Passage`` checks its lengths.
    public init(label: String, summary: String) {
        self.label = label
        self.summary = summary
    }
}
