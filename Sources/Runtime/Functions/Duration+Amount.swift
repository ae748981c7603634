extension Duration {
    /// Reads a duration as the manifest and the command line write one: `500ms`, `5s`, `2m`, `1h`, `7d`.
    public init?(amount text: String) {
        guard let milliseconds = try? UnitTable.durations.amount(text) else { return nil }
        self = .milliseconds(milliseconds)
    }
}
