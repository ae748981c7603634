internal import Base
internal import Engine
internal import Functions
internal import Glibc
internal import Identity
internal import Ledger
internal import Observability
internal import Synchronization

/// What one process writes to a recording: files of its own in the recording's folder, written behind whoever tells of
/// something, on a thread of its own.
///
/// Where it cannot keep up, or the disk is full, invocations go on, and the recording says where it has a gap.
final class RecordingWriter: InvocationObserver {
    private struct State {
        /// Lines that are not written yet.
        var line: RecordLine
        /// Invocations that there was no room for.
        var missing: Int64 = 0
        var isWaiting = false
        var isClosed = false
        /// The last number of the store's order that the recording is to have.
        var last: Int64?
        var isOver = false
    }

    private let state: Mutex<State>
    private let waitingBytes: Int
    private let bell: Bell
    private let log: Log
    private let now: @Sendable () -> Timestamp
    private let thread = Mutex<SystemThread?>(nil)
    /// Called on the thread once all files together are as large as they may be.
    private let onLimit: @Sendable () -> Void

    init(
        _ terms: RecordingTerms, _ addresses: AddressBook, log: Log, platform: Platform,
        onLimit: @escaping @Sendable () -> Void
    ) throws(RecordingError) {
        waitingBytes = terms.limits.waitingBytes
        self.log = log
        self.onLimit = onLimit
        now = platform.now
        state = Mutex(State(line: RecordLine(redaction: terms.redaction) { addresses.hidden($0) }))
        do { bell = try Bell() } catch { throw RecordingError(terms.folder, "\(error)") }
        let file = try RecordingFile(folder: terms.folder, limits: terms.limits, uptime: platform.uptime)
        do throws(SystemError) {
            // Sound: the file is handed to the thread and never touched from elsewhere.
            nonisolated(unsafe) let file = file
            let started = try SystemThread(named: "recorder") { [self] in unsafe run(file) }
            thread.withLock { $0 = started }
        } catch { throw RecordingError(terms.folder, "\(error)") }
    }

    // The line is made here, where everything is at hand: to keep the parts for another thread costs more.

    func ended(_ record: InvocationRecord) {
        add { line throws(CloudEventError) in
            do { try line.write(record) } catch {
                throw error as? CloudEventError ?? CloudEventError(nil, "\(error)")
            }
        }
    }

    func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        if number > 0 { add { line in line.write(claim, fate, number: number, wasRun: wasRun) } }
    }

    /// Adds what `write` adds to a line.
    func add(_ write: (inout RecordLine) throws(CloudEventError) -> Void) {
        let ring = state.withLock { state in
            guard !state.isClosed, !state.isOver else { return false }
            guard state.line.bytes.count < waitingBytes else {
                state.missing += 1
                return false
            }
            if state.missing > 0 {
                state.line.writeGap(state.missing, "the recording could not keep up")
                state.missing = 0
            }
            do throws(CloudEventError) {
                try write(&state.line)
            } catch {
                state.line.writeGap(1, "the event cannot be written: \(error)")
            }
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if ring { bell.ring() }
    }

    /// Writes what waits, says that this is the end, and closes the file: once that is done, or without waiting for it.
    /// Behind number `last` of the store's order the recording has nothing, whoever tells of it.
    func close(last: Int64? = nil, waits: Bool = true) {
        state.withLock { state in
            if !state.isClosed { state.last = last }
            state.isClosed = true
        }
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if waits { running?.join() } else { running?.detach() }
    }

    // MARK: On the thread

    private func run(_ file: RecordingFile) {
        var portion: [UInt8] = []
        while true {
            let (lines, missing, isClosed) = state.withLock { state in
                let lines = state.line.take(&portion)
                state.isWaiting = lines == 0
                return (lines, state.missing, state.isClosed)
            }
            if missing > 0 { complain("The recording has a gap", "it could not keep up") }
            if lines > 0 { put(portion, lines, file) }
            guard lines == 0 else {
                // They come in bursts: a moment's patience makes one write of many.
                if !isClosed { usleep(5_000) }
                continue
            }
            if isClosed { break }
            bell.wait()
        }
        var last = RecordLine(redaction: Redaction(fields: [])) { $0 }
        let (left, number) = state.withLock { ($0.missing, $0.last) }
        if left > 0 { last.writeGap(left, "the recording could not keep up") }
        last.writeEnd("stopped", number: number)
        put(last.bytes, last.lines, file, areLast: true)
        file.close()
    }

    private func put(_ bytes: [UInt8], _ lines: Int64, _ file: RecordingFile, areLast: Bool = false) {
        switch file.append(bytes, lines: lines, areLast: areLast) {
        case .written: break
        case .failed(let reason):
            if !reason.isEmpty { complain("The recording has a gap", reason) }
        case .full:
            state.withLock { $0.isOver = true }
            onLimit()
            complain("The recording has ended", "it has reached its limit")
        }
    }

    private func complain(_ message: String, _ reason: String) {
        log.write(.warning, message, [("error", .string(reason))], at: now())
    }
}
