public import Base
internal import Engine
internal import FoundationEssentials
internal import Functions
internal import Ledger

/// A recording, read from its folder.
public struct Recording: Sendable {
    /// The folder.
    public let folder: String
    /// The program that made it, and its version.
    public let program: String
    /// When it began.
    public let startedAt: Timestamp
    /// The last number of the store's order that the snapshot holds.
    public let number: Int64
    /// Environment variables that the manifest is to be read with; keys and tokens are placeholders.
    public let environment: [String: String]
    /// Of those, the ones that are placeholders.
    public let withheld: Set<String>
    /// Members that were left out.
    public let redacted: [String]
    /// The invocations in the order in which they ended.
    public let invocations: [RecordedInvocation]
    /// Jobs that were given back.
    let returns: [RecordedReturn]
    /// What other commands did to the store.
    let writes: [RecordedWrite]
    /// Places where invocations are missing, and the end, for people.
    public let remarks: [String]

    /// The manifest's path.
    public var manifestPath: String { folder + "/" + RecordingFormat.manifest }
    /// The snapshot's path.
    public var snapshotPath: String { folder + "/" + RecordingFormat.snapshot }

    /// Reads the recording in `folder`. Throws a `RecordingError`.
    public init(folder: String) throws(RecordingError) {
        func read(_ name: String) throws(RecordingError) -> Data {
            guard let data = FileManager.default.contents(atPath: folder + "/" + name) else {
                throw RecordingError(
                    folder, "\(name) is missing: this is no recording, or a part of it is lost")
            }
            return data
        }
        let header: RecordingHeader
        let data = try read(RecordingFormat.header)
        do {
            let version = try JSON.decoder.decode(RecordingVersion.self, from: data)
            guard version.format == RecordingFormat.name else {
                throw RecordingError(folder, "\(RecordingFormat.header) is not that of a recording")
            }
            guard version.version <= RecordingFormat.version else {
                throw RecordingError(
                    folder,
                    "the recording has format version \(version.version); this version of the software reads up to \(RecordingFormat.version): use a newer one"
                )
            }
            header = try JSON.decoder.decode(RecordingHeader.self, from: data)
        } catch let error as RecordingError {
            throw error
        } catch { throw RecordingError(folder, "\(RecordingFormat.header) cannot be read: \(error)") }
        guard let startedAt = Timestamp(rfc3339: header.startedAt) else {
            throw RecordingError(folder, "\(RecordingFormat.header): started_at is no RFC 3339 time")
        }
        guard RecordingFormat.numbers.contains(header.number) else {
            throw RecordingError(folder, "\(RecordingFormat.header): number is out of range")
        }
        self.folder = folder
        program = header.program
        self.startedAt = startedAt
        number = header.number
        environment = RecordedManifest.whole(header.environment, header.withheld)
        withheld = Set(header.withheld)
        redacted = header.redacted
        var lines = RecordingLines(folder: folder)
        try lines.read()
        try lines.readOthers(after: header.number)
        invocations = lines.invocations
        returns = lines.returns
        writes = lines.writes
        remarks = lines.remarks
    }

    private struct RecordingVersion: Decodable {
        let format: String
        let version: Int
    }
}

/// Why a recording cannot be read or written.
public struct RecordingError: Error, Sendable, CustomStringConvertible {
    /// One line, with the folder or the file.
    public let description: String

    init(_ path: String, _ problem: String) { description = "\(path): \(problem)" }
}

/// Jobs that were given back.
struct RecordedReturn: Sendable {
    let number: Int64
    let queue: String
    let group: String
    let fate: JobReturn
    /// The claim that it ends, where no invocation tells of it: nothing was run.
    var claim: ClaimedJobs?
}

/// Reads the lines of a recording's files.
private struct RecordingLines {
    let folder: String
    var invocations: [RecordedInvocation] = []
    var returns: [RecordedReturn] = []
    var writes: [RecordedWrite] = []
    var remarks: [String] = []
    private var hasEnded = false

    init(folder: String) { self.folder = folder }

    mutating func read() throws(RecordingError) {
        var part = 1
        while let data = FileManager.default.contents(atPath: folder + "/" + RecordingFormat.events(part)) {
            try read([UInt8](data), RecordingFormat.events(part))
            part += 1
        }
        guard part > 1 else { throw RecordingError(folder, "\(RecordingFormat.events(1)) is missing") }
        if !hasEnded { remarks.append("the recording was cut off: it has no end") }
    }

    /// What other processes did behind number `start` of the store's order. What is in the snapshot is no part of the
    /// recording.
    mutating func readOthers(after start: Int64) throws(RecordingError) {
        guard let data = FileManager.default.contents(atPath: folder + "/" + RecordingFormat.others) else {
            return
        }
        let own = invocations.count
        try read([UInt8](data), RecordingFormat.others)
        let others = invocations[own...].filter { ($0.commit ?? $0.admission ?? .max) > start }
        invocations.removeSubrange(own...)
        for other in others { invocations.append(other.placed(at: invocations.count + 1)) }
        writes.removeAll { $0.commit ?? $0.admission <= start }
    }

    private mutating func read(_ bytes: [UInt8], _ file: String) throws(RecordingError) {
        var start = 0
        var line = 1
        while start < bytes.count {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else {
                // A crash in the middle of a line.
                remarks.append(
                    "\(file):\(line): the last line is not whole and is left out")
                return
            }
            if end > start {
                do throws(RecordingProblem) {
                    guard end - start <= RecordingFormat.longestLine else {
                        throw RecordingProblem("the line is too long")
                    }
                    guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
                        throw RecordingProblem("the line is not UTF-8")
                    }
                    try read(text)
                } catch {
                    throw RecordingError("\(folder)/\(file):\(line)", error.text)
                }
            }
            start = end + 1
            line += 1
        }
    }

    private mutating func read(_ text: String) throws(RecordingProblem) {
        let line = try RecordingMembers(text, "the line")
        switch try line.text("kind") {
        case "invocation":
            invocations.append(try RecordedInvocation(line, position: invocations.count + 1))
        case "return":
            guard let number = try line.number("number") else {
                throw RecordingProblem("'number' is missing")
            }
            guard let at = Timestamp(rfc3339: try line.text("at")) else {
                throw RecordingProblem("'at' must be an RFC 3339 time")
            }
            let fate: JobReturn =
                switch try line.text("fate") {
                case "wait": .wait(until: at)
                case "retry": .retry(at: at)
                case "bury": .bury(reason: try line.text("reason"), at: at)
                default: throw RecordingProblem("'fate' must be wait, retry or bury")
                }
            let (queue, group) = (try line.text("queue"), try line.text("group"))
            var claim: ClaimedJobs?
            if let lease = try line.number("lease") {
                claim = try ClaimedJobs(queue: queue, group: group, lease: lease, count: line.number("jobs"))
            }
            returns.append(
                RecordedReturn(number: number, queue: queue, group: group, fate: fate, claim: claim))
        case "write":
            if let write = try RecordedWrite(line) { writes.append(write) }
        case "gap":
            remarks.append(
                "after invocation \(invocations.count): \(try line.number("count") ?? 0) invocations are missing (\(try line.text("reason")))"
            )
        case "end":
            hasEnded = true
            let reason = try line.text("reason")
            if reason != "stopped" { remarks.append("the recording ended early: \(reason)") }
        default: break
        }
    }
}
