internal import Functions

/// The parts of a recording's folder, and the version of their format (docs/recording-format.md).
public enum RecordingFormat {
    /// The version that is written, and the newest that is read.
    public static let version = 4
    /// The first in which several processes write parts.
    static let firstOfParts = 4
    /// The longest line, in bytes: an event of `Event.maximumCloudEventLength`, and what came of it.
    static let longestLine = 64 << 20
    /// How deep a line may be nested: a value of the deepest kind, and what is around it.
    static let depth = 2 * JSONValue.maximumDepth
    /// The word in the header that tells a recording from other folders.
    static let name = "gestaloka-recording"
    /// What the recording is: JSON.
    static let header = "recording.json"
    /// The manifest, with keys withheld.
    static let manifest = "functions.yaml"
    /// The store as it was at the start.
    static let snapshot = "store.db"
    /// What stands for a token, a key, or a field that was asked to be left out.
    static let redacted = "[redacted]"

    /// What stands for a key where a key must be: fit for every stage, and for a plain scalar of YAML.
    static let withheld = placeholder(0)
    /// What stands for one of several withheld values.
    static func placeholder(_ index: Int) -> String {
        let digits = String(index)
        return "withheld-from-the-recording-" + String(repeating: "0", count: max(0, 4 - digits.utf8.count))
            + digits
    }
    /// What other processes did to the store meanwhile, up to version 3.
    static let others = "others.ndjson"
    /// Whole numbers that are exact in every JSON reader (RFC 8259 section 6); the store's order stays far below.
    static let numbers: ClosedRange<Int64> = 0...9_007_199_254_740_991

    /// The file of lines with a number, from 1.
    static func events(_ part: Int) -> String { part == 1 ? "events.ndjson" : "events-\(part).ndjson" }
}

/// What a recording's `recording.json` says.
struct RecordingHeader: Codable {
    var format: String
    var version: Int
    /// The program and its version.
    var program: String
    /// RFC 3339.
    var startedAt: String
    /// The last number of the store's order that the snapshot holds.
    var number: Int64
    /// The environment variables that the manifest names, and those that settle how errors are told.
    var environment: [String: String]
    /// Variables of which the value was withheld.
    var withheld: [String]
    /// Members left out at the user's wish.
    var redacted: [String]

    private enum CodingKeys: String, CodingKey {
        case format, version, program, number, environment, withheld, redacted
        case startedAt = "started_at"
    }
}
