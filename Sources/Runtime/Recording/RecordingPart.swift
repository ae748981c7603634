public import Base
public import Engine
internal import FoundationEssentials
internal import Functions
internal import Glibc
internal import Identity
public import Ledger
public import Observability

/// Writes what a command does to a store that a running process records: a part of that recording, of its own, without
/// which the recording would have a hole there.
///
/// It looks for the recording each time that there is something to tell, behind the commit: so none that began in front
/// of it is missed. Without one it does nothing.
public final class RecordingPart: InvocationObserver {
    private let store: Store
    private let log: Log
    private let now: @Sendable () -> Timestamp
    private let addresses: AddressBook

    /// For what is done to `store`.
    public init(beside store: Store, log: Log, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.log = log
        self.now = now
        addresses = AddressBook(salt: Cryptography.secretBytes(32) ?? [])
    }

    public func ended(_ record: InvocationRecord) {
        append { line in try line.write(record) }
    }

    public func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        if number > 0 { append { line in line.write(claim, fate, number: number, wasRun: wasRun) } }
    }

    /// Tells of writes that are no function's. Without a commit they were refused at their admission.
    public func wrote(
        _ writes: [UnitOfWork.Write], by command: String, at time: Timestamp, session: String?,
        admission: Int64, commit: Int64?
    ) {
        let write = RecordedWrite(
            by: command, admission: admission, commit: commit, numbers: UnitOfWork(writes: writes).numbers,
            at: time, session: session, writes: writes)
        append { line in line.write(write, admission: admission, commit: commit) }
    }

    private func append(_ write: (inout RecordLine) throws -> Void) {
        guard let folder = RecordingMark.folder(of: store) else { return }
        do {
            let data = try Data(contentsOf: URL(filePath: folder + "/" + RecordingFormat.header))
            let header = try JSON.decoder.decode(RecordingHeader.self, from: data)
            var line = RecordLine(redaction: Redaction(fields: header.redacted)) { [addresses] in
                addresses.hidden($0)
            }
            try write(&line)
            try Self.append(line.bytes, to: folder + "/" + RecordingFormat.others)
        } catch {
            log.write(
                .warning, "A recording has a gap: this command could not write its part",
                [("folder", .string(folder)), ("error", .string("\(error)"))], at: now())
        }
    }

    /// In one write at the end, whoever else writes there.
    private static func append(_ bytes: [UInt8], to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw RecordingError(path, SystemError.words()) }
        defer { close(file) }
        guard flock(file, LOCK_EX) == 0, unsafe Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw RecordingError(path, SystemError.words())
        }
    }
}
