internal import Base
internal import FoundationEssentials
internal import Runtime

/// What a replay found, for people: `--report FILE.html`.
struct ReplayReport {
    /// One invocation that was replayed.
    struct Entry {
        /// Its line in the recording, from 1.
        var position: Int
        var function: String
        var id: String
        var trigger: String
        /// When it was recorded.
        var at: Timestamp
        /// The recorded answer's status.
        var status: Int
        /// How long it took when it was recorded.
        var recorded: Duration
        /// How long it took in the replay.
        var replayed: Duration
        /// Empty where the replay gave what was recorded.
        var differences: [Difference]
    }

    /// The recording's folder.
    var title: String
    /// Which program replayed, with its version.
    var program: String
    var startedAt: Timestamp
    /// In the recorded order.
    var entries: [Entry]
    /// What a reader should know beside the entries, such as a gap in the recording.
    var remarks: [String]

    /// One self-contained HTML page: no external resource, and nothing recorded in it but as data of its script.
    ///
    /// The figures are of all entries. The timeline and the list have up to `ReportBounds.rows` of them, all that
    /// differ before the others, and as much of the differences as `ReportBounds` lets; the page says what it leaves out.
    func html() -> String {
        let json = Self.scriptText(ReportData(self))
        // No text of the recording can name the nonce, for it depends on all of them.
        let digest =
            Cryptography.hmacSHA256(key: Array("gestaloka-replay-report".utf8), Array(json.utf8)) ?? []
        return page(json: json, nonce: digest.hexadecimal)
    }

    /// JSON that may stand in a `script` element: no text in it can end the element or begin a comment (HTML 4.12.1.3).
    static func scriptText(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(value) else { return "null" }
        // `<`, `>`, `&` and the two separators stand in JSON only within texts, where they may be escapes.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + json.count / 32)
        var held: [UInt8] = []
        for byte in json {
            if !held.isEmpty {
                held.append(byte)
                if held.count == 2, byte == 0x80 { continue }
                if held.count == 3, byte == 0xA8 || byte == 0xA9 {
                    bytes += byte == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8
                } else {
                    bytes += held
                }
                held = []
                continue
            }
            switch byte {
            case 0xE2: held = [byte]
            case UInt8(ascii: "<"): bytes += "\\u003c".utf8
            case UInt8(ascii: ">"): bytes += "\\u003e".utf8
            case UInt8(ascii: "&"): bytes += "\\u0026".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes + held, as: UTF8.self)
    }

    /// Text as HTML content or in an attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
