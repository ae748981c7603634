public import Base
public import Engine
internal import Functions
public import Identity
public import Ledger
public import Observability
internal import Synchronization

/// The part of a process in a recording that another process has begun, without which the recording would have a hole.
///
/// It looks whether there is a recording each time that there is something to tell, which is behind the commit: one call
/// of the kernel. A recording's snapshot is made behind its mark, and behind every transaction that was under way then,
/// so nothing that is not in the snapshot is missed.
public final class RecordingPart: InvocationObserver {
    private struct Part {
        let mark: FoundMark
        /// Nil where it could not be opened, which has been told.
        let writer: RecordingWriter?
        /// Since when the recording is known to have ended.
        var endedAt: Duration?
    }

    /// How long what ends may be told of behind the recording's end: it may have been committed in front of it.
    private static let patience: Duration = .seconds(1)

    /// Where the mark would be.
    private let path: String?
    private let log: Log
    private let platform: Platform
    private let part = Mutex<Part?>(nil)

    /// For what is done to `store`.
    public init(beside store: Store, log: Log, platform: Platform) {
        path = RecordingMark.path(of: store)
        self.log = log
        self.platform = platform
    }

    public func ended(_ record: InvocationRecord) { tell { $0.ended(record) } }

    public func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        tell { $0.gaveBack(claim, fate, number: number, wasRun: wasRun) }
    }

    /// Tells of writes that are no function's. Without a commit they were refused at their admission.
    public func wrote(
        _ writes: [UnitOfWork.Write], by command: String, at time: Timestamp, session: String?,
        admission: Int64, commit: Int64?
    ) {
        let write = RecordedWrite(
            by: command, admission: admission, commit: commit, numbers: UnitOfWork(writes: writes).numbers,
            at: time, session: session, writes: writes)
        tell { writer in
            writer.add { line in line.write(write, admission: admission, commit: commit) }
        }
    }

    /// Writes what waits, and ends the part.
    public func close() {
        part.withLock { part in
            part?.writer?.close()
            part = nil
        }
    }

    private func tell(_ tell: (RecordingWriter) -> Void) {
        guard let path else { return }
        part.withLock { part in
            if let open = part {
                if let writer = open.writer { tell(writer) }
                if open.endedAt == nil {
                    if open.mark.isHeld { return }
                    part?.endedAt = platform.uptime()
                }
            }
            if let ended = part?.endedAt, platform.uptime() - ended > Self.patience {
                part?.writer?.close(waits: false)
                part = nil
            }
            guard let mark = FoundMark(at: path) else { return }
            let found = begin(mark)
            if let writer = found.writer { tell(writer) }
            part?.writer?.close(waits: false)
            part = found
        }
    }

    private func begin(_ mark: FoundMark) -> Part {
        do throws(RecordingError) {
            return Part(
                mark: mark,
                writer: try RecordingWriter(
                    mark.terms, AddressBook(salt: mark.terms.salt), log: log, platform: platform,
                    onLimit: { mark.hide() }))
        } catch {
            log.write(
                .warning, "A recording has a gap: this process cannot write its part",
                [("folder", .string(mark.terms.folder)), ("error", .string(error.description))],
                at: platform.now())
            return Part(mark: mark, writer: nil)
        }
    }
}
