internal import Base
public import Engine
internal import Functions
public import Identity
public import Ledger
public import Manifest
public import Observability

/// A recording that this process begins, and ends: it has the folder, the snapshot and the mark by which other processes
/// find out (`RecordingPart`), and writes a part of its own.
public final class Recorder: InvocationObserver {
    /// How much a recording may take.
    public struct Limits: Codable, Sendable {
        /// Bytes, by estimate, that wait to be written in one process; what comes beyond is missing from the recording.
        public var waitingBytes = 64 << 20
        /// A file of invocations is not made longer than this, but for one line.
        public var partBytes = 256 << 20
        /// Where the files of all processes together reach this, the recording ends.
        public var totalBytes = 4 << 30

        /// The limits that are used where none are given.
        public init() {}
    }

    private let folder: String
    private let store: Store
    private let writer: RecordingWriter
    private let mark: RecordingMark?

    /// Begins to record into `folder`, which is new or empty: the manifest, the store's snapshot, then whatever this is
    /// told. `redact` names members that are left out of all JSON, beside tokens and passwords.
    public init(
        folder: String, of store: Store, manifest: Manifest, yaml: [UInt8], environment: [String: String],
        program: String, redact: [String], log: Log, platform: Platform,
        limits: Limits = Limits()
    ) throws(RecordingError) {
        self.folder = folder
        self.store = store
        let place = RecordingPlace(folder: folder)
        let recorded = try RecordedManifest(
            manifest, yaml: yaml, environment: environment, folder: folder)
        try place.make()
        guard let salt = Cryptography.secretBytes(32) else {
            throw RecordingError(folder, "there are no random bytes to be had")
        }
        let terms = RecordingTerms(folder: folder, salt: salt, redacted: redact, limits: limits)
        let addresses = AddressBook(salt: salt)
        let mark = RecordingMark(store: store, terms: terms)
        self.mark = mark
        let number: Int64
        do throws(StoreError) {
            // Behind the mark: whatever other processes do that is not in the snapshot, they see the mark behind it.
            if mark != nil { try store.settle() }
            var rewriting = StoreRewriting()
            rewriting.rateKey = { addresses.hiding(rateKey: $0) }
            rewriting.answerKey = { addresses.hiding(answerKey: $0) }
            rewriting.answer = { terms.redaction($0) }
            number = try store.copy(to: folder + "/" + RecordingFormat.snapshot, rewriting: rewriting)
        } catch { throw RecordingError(folder, "the store cannot be copied: \(error)") }
        do { try RecordingPlace.makePrivate(folder + "/" + RecordingFormat.snapshot) } catch {
            throw RecordingError(folder, "\(RecordingFormat.snapshot) cannot be made private")
        }
        try place.describe(recorded, program: program, redact: redact, number: number, at: platform.now())
        writer = try RecordingWriter(terms, addresses, log: log, platform: platform) { mark?.remove() }
    }

    /// Whether the other processes on the store write their parts: no recording of it was under way.
    public var isMarked: Bool { mark != nil }

    /// Throws where the other processes on the store do not find out, without whom the recording is nothing.
    public func requireMark() throws(RecordingError) {
        guard mark == nil else { return }
        throw RecordingError(
            folder,
            "workers cannot record into it: another process records the store, or no file can be made beside it"
        )
    }

    public func ended(_ record: InvocationRecord) { writer.ended(record) }

    public func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        writer.gaveBack(claim, fate, number: number, wasRun: wasRun)
    }

    /// Writes what waits, says that this is the end, and closes the files. Other processes end their parts with what they
    /// do next; what has a later number than the end is no part of the recording.
    public func close() {
        writer.close(last: mark == nil ? nil : try? store.settle())
        mark?.remove()
    }
}
