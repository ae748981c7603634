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
    /// The last number of the store's order that the recording is to have; `Int64.max` where it does not say.
    let last: Int64
    /// The numbers of what ended behind it, and may have begun in front of it.
    let unfinished: [ClosedRange<Int64>]
    /// The invocations in the order in which they ended; those of several processes as the store's numbers say.
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
        let lines = try RecordingLines(
            of: folder, after: header.number, hasParts: header.version >= RecordingFormat.firstOfParts)
        last = lines.last
        unfinished = lines.unfinished
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
