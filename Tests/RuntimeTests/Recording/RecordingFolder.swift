import FoundationEssentials
import TestSupport

@testable import Recording
import Runtime

/// A recording's folder that a test writes by hand.
struct RecordingFolder {
    let directory: TemporaryDirectory
    var path: String { directory.path }

    init(_ lines: [String] = [], number: Int64 = 0, version: Int = 1) throws {
        directory = try TemporaryDirectory()
        try write(
            #"{"format":"gestaloka-recording","version":\#(version),"program":"gestaloka 1","started_at":"2026-01-01T00:00:00Z","number":\#(number),"environment":{"A":"1"},"withheld":["SECRET_KEY"],"redacted":["email"]}"#,
            "recording.json")
        try write(lines.map { $0 + "\n" }.joined(), "events.ndjson")
    }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: directory.file(name)))
    }

    func recording() throws -> Recording { try Recording(folder: path) }

    /// What reading it says; empty where it can be read.
    func refusal() -> String {
        do {
            _ = try Recording(folder: path)
            return ""
        } catch { return error.description }
    }

    static func line(
        _ id: String = "e", function: String = "f", admission: Int64? = nil, commit: Int64? = nil,
        numbers: Int64 = 1,
        taken: String = #"{"seed":"1"}"#, unit: String = #"{"reads":[],"writes":[]}"#, status: Int = 200
    ) -> String {
        var line = #"{"kind":"invocation","function":"\#(function)""#
        if let admission { line += #","admission":\#(admission)"# }
        if let commit { line += #","commit":\#(commit),"numbers":\#(numbers)"# }
        line +=
            #","event":{"specversion":"1.0","id":"\#(id)","source":"/direct","type":"app.gestaloka.direct","time":"2026-01-01T00:00:00Z"}"#
        line +=
            #","taken":\#(taken),"answer":{"status":\#(status)},"unit":\#(unit),"log":{},"duration":0.25}"#
        return line
    }

    static let end = #"{"kind":"end","reason":"stopped"}"#
}
