internal import Glibc
public import Store
internal import Synchronization
internal import Wire

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

    private enum Item {
        case invocation(InvocationRecord)
        case giveBack(JobClaim, JobReturn, number: Int64)
    }

    private struct State {
        var items: [Item] = []
        var size = 0
        var missing: Int64 = 0
        var isWaiting = false
        var isClosed = false
        var isOver = false
    }

    private let state = Mutex(State())
    private let limits: Limits
    private let bell: Bell
    private let log: Log
    private let now: @Sendable () -> Timestamp
    private let thread = Mutex<SystemThread?>(nil)

    /// Begins to record into `folder`, which is new or empty: the manifest, the store's snapshot, then whatever this is
    /// told. `redact` names members that are left out of all JSON, beside tokens and passwords.
    public init(
        folder: String, of store: String, manifest: Manifest, yaml: [UInt8], environment: [String: String],
        program: String, redact: [String], log: Log, now: @escaping @Sendable () -> Timestamp,
        limits: Limits = Limits()
    ) throws(RecordingError) {
        let place = RecordingPlace(folder: folder)
        try place.make()
        guard let salt = Cryptography.randomBytes(32) else {
            throw RecordingError(folder, "there are no random bytes to be had")
        }
        let addresses = AddressBook(salt: salt)
        let number: Int64
        do throws(StoreError) {
            number = try Snapshot.take(of: store, to: folder + "/" + RecordingFormat.snapshot) {
                addresses.hiding(rateKey: $0)
            }
            bell = try Bell()
        } catch { throw RecordingError(folder, "the store cannot be copied: \(error)") }
        try place.describe(
            manifest: manifest, yaml: yaml, environment: environment, program: program, redact: redact,
            number: number, at: now())
        self.limits = limits
        self.log = log
        self.now = now
        let line = RecordLine(redaction: Redaction(fields: redact)) { addresses.hidden($0) }
        let file = try RecordingFile(folder: folder, limits: limits)
        do throws(StoreError) {
            // Sound: both are handed to the thread and never touched from elsewhere.
            nonisolated(unsafe) let (line, file) = (line, file)
            let started = try SystemThread(named: "recorder") { [self] in unsafe run(line, file) }
            thread.withLock { $0 = started }
        } catch { throw RecordingError(folder, "\(error)") }
    }

    public func ended(_ record: InvocationRecord) {
        let estimate = record.event.data.count + record.outcome.json.utf8.count
        add(.invocation(record), size: estimate + 512 * (record.outcome.unit.writes.count + 2))
    }

    public func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64) {
        if number > 0 { add(.giveBack(claim, fate, number: number), size: 512) }
    }

    private func add(_ item: Item, size: Int) {
        let ring = state.withLock { state in
            guard !state.isClosed, !state.isOver else { return false }
            guard state.size + size <= limits.waitingBytes else {
                state.missing += 1
                return false
            }
            state.items.append(item)
            state.size += size
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
    }

    // MARK: On the thread

    private func run(_ line: RecordLine, _ file: RecordingFile) {
        var line = line
        while true {
            let (items, missing, isClosed) = state.withLock { state in
                defer {
                    state.isWaiting = state.items.isEmpty
                    state.items = []
                    state.size = 0
                    state.missing = 0
                }
                return (state.items, state.missing, state.isClosed)
            }
            for item in items { write(item, &line, file) }
            if missing > 0 { gap(missing, "the recording could not keep up", &line, file) }
            put(&line, file)
            if items.isEmpty {
                if isClosed { break }
                bell.wait()
                // They come in bursts: a moment's patience makes one write of many.
                if state.withLock({ !$0.isClosed }) { usleep(2_000) }
            }
        }
        if file.lost > 0 { gap(0, "", &line, file) }
        line.writeEnd("stopped")
        put(&line, file)
        file.close()
    }

    private func write(_ item: Item, _ line: inout RecordLine, _ file: RecordingFile) {
        if file.lost > 0, file.maySucceed { gap(0, "", &line, file) }
        switch item {
        case .invocation(let record):
            do { try line.write(record) } catch { gap(1, "an event that cannot be written: \(error)", &line, file) }
        case .giveBack(let claim, let fate, let number): line.write(claim, fate, number: number)
        }
        if line.bytes.count >= 65_536 { put(&line, file) }
    }

    private func put(_ line: inout RecordLine, _ file: RecordingFile) {
        defer { line.clear() }
        guard !line.bytes.isEmpty else { return }
        let hadLost = file.lost > 0
        switch file.append(line.bytes, lines: line.lines) {
        case .written: break
        case .failed(let reason):
            if !hadLost { complain("The recording has a gap", reason) }
        case .full:
            state.withLock { $0.isOver = true }
            complain("The recording has ended", "it has reached its limit")
        }
    }

    /// Says how many invocations are missing here; with those that the disk has refused.
    private func gap(_ count: Int64, _ reason: String, _ line: inout RecordLine, _ file: RecordingFile) {
        let lost = file.takeLost()
        line.writeGap(count + lost, lost > 0 ? "the disk did not take them" : reason)
        if lost == 0 { complain("The recording has a gap", reason) }
    }

    private func complain(_ message: String, _ reason: String) {
        log.write(.warning, message, [("error", .string(reason))], at: now())
    }
}
