internal import Base
public import Engine
internal import Functions
internal import Glibc
public import Identity
public import Ledger
public import Manifest
public import Observability
internal import Synchronization

/// Records invocations into a folder, behind them: on a thread of its own, so that no answer waits for it.
///
/// Where it cannot keep up, or the disk is full, invocations go on, and the recording says where it has a gap.
public final class Recorder: InvocationObserver {
    /// How much a recording may take.
    public struct Limits: Sendable {
        /// Bytes, by estimate, that wait to be written; what comes beyond is missing from the recording.
        public var waitingBytes = 64 << 20
        /// A file of invocations is not made longer than this, but for one line.
        public var partBytes = 256 << 20
        /// Where the files together reach this, the recording ends.
        public var totalBytes = 4 << 30

        /// The limits that are used where none are given.
        public init() {}
    }

    private struct State {
        /// Lines that are not written yet.
        var line: RecordLine
        /// Invocations that there was no room for.
        var missing: Int64 = 0
        var isWaiting = false
        var isClosed = false
        var isOver = false
    }

    private let state: Mutex<State>
    private let limits: Limits
    private let bell: Bell
    private let log: Log
    private let now: @Sendable () -> Timestamp
    private let thread = Mutex<SystemThread?>(nil)
    private let mark: RecordingMark?

    /// Begins to record into `folder`, which is new or empty: the manifest, the store's snapshot, then whatever this is
    /// told. `redact` names members that are left out of all JSON, beside tokens and passwords.
    public init(
        folder: String, of store: Store, manifest: Manifest, yaml: [UInt8], environment: [String: String],
        program: String, redact: [String], log: Log, platform: Platform,
        limits: Limits = Limits()
    ) throws(RecordingError) {
        let place = RecordingPlace(folder: folder)
        let recorded = try RecordedManifest(
            manifest, yaml: yaml, environment: environment, folder: folder)
        try place.make()
        // In front of the snapshot: what others do from then on they write down themselves.
        mark = RecordingMark(store: store, folder: folder)
        guard let salt = Cryptography.secretBytes(32) else {
            throw RecordingError(folder, "there are no random bytes to be had")
        }
        do { bell = try Bell() } catch { throw RecordingError(folder, "\(error)") }
        let addresses = AddressBook(salt: salt)
        let number: Int64
        do throws(StoreError) {
            let redaction = Redaction(fields: redact)
            var rewriting = StoreRewriting()
            rewriting.rateKey = { addresses.hiding(rateKey: $0) }
            rewriting.answerKey = { addresses.hiding(answerKey: $0) }
            rewriting.answer = { redaction($0) }
            number = try store.copy(to: folder + "/" + RecordingFormat.snapshot, rewriting: rewriting)
        } catch { throw RecordingError(folder, "the store cannot be copied: \(error)") }
        do { try RecordingPlace.makePrivate(folder + "/" + RecordingFormat.snapshot) } catch {
            throw RecordingError(folder, "\(RecordingFormat.snapshot) cannot be made private")
        }
        try place.describe(recorded, program: program, redact: redact, number: number, at: platform.now())
        self.limits = limits
        self.log = log
        now = platform.now
        state = Mutex(
            State(line: RecordLine(redaction: Redaction(fields: redact)) { addresses.hidden($0) }))
        let file = try RecordingFile(folder: folder, limits: limits, uptime: platform.uptime)
        do throws(SystemError) {
            // Sound: the file is handed to the thread and never touched from elsewhere.
            nonisolated(unsafe) let file = file
            let started = try SystemThread(named: "recorder") { [self] in unsafe run(file) }
            thread.withLock { $0 = started }
        } catch { throw RecordingError(folder, "\(error)") }
    }

    /// Whether no other process records what happens to the store.
    public var isAlone: Bool { mark != nil }

    // The line is made here, where everything is at hand: to keep the parts for another thread costs more.

    public func ended(_ record: InvocationRecord) {
        add { line throws(CloudEventError) in
            do { try line.write(record) } catch {
                throw error as? CloudEventError ?? CloudEventError(nil, "\(error)")
            }
        }
    }

    public func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        if number > 0 { add { line in line.write(claim, fate, number: number, wasRun: wasRun) } }
    }

    private func add(_ write: (inout RecordLine) throws(CloudEventError) -> Void) {
        let ring = state.withLock { state in
            guard !state.isClosed, !state.isOver else { return false }
            guard state.line.bytes.count < limits.waitingBytes else {
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

    /// Writes what waits, says that this is the end, and closes the files.
    public func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        mark?.remove()
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
        let left = state.withLock { $0.missing }
        if left > 0 { last.writeGap(left, "the recording could not keep up") }
        last.writeEnd("stopped")
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
            mark?.remove()
            complain("The recording has ended", "it has reached its limit")
        }
    }

    private func complain(_ message: String, _ reason: String) {
        log.write(.warning, message, [("error", .string(reason))], at: now())
    }
}
