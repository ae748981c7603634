internal import Base
public import Functions
public import Identity
public import Ledger
public import Observability

/// One invocation as the pipeline hands it to a recording: the event, what it took from outside, and what came out.
public struct InvocationRecord: Sendable {
    /// The function's name in the manifest.
    public var function: String
    /// The event; its credential as the caller sent it. A token never gets into a recording (`Taken.credential`).
    public var event: Event
    /// What was taken from outside of the event and the store.
    public var taken = Taken()
    /// The number of its admission in the store's one order; nil where it was refused before.
    public var admission: Int64?
    /// The number of its commit; nil where it changed nothing and had read nothing.
    public var commit: Int64?
    /// The answer, and the unit of work.
    public var outcome: Outcome
    /// What the function said in its log line.
    public var message: String?
    /// What the function added to its log line.
    public var fields: [(String, LogValue)] = []
    /// From the event's arrival to the answer.
    public var duration: Duration
    /// Nobody has looked at the data: a recording says no more of it than its size and digest.
    package var leavesDataOut = false

    init(function: String, event: Event, outcome: Outcome, duration: Duration) {
        self.function = function
        self.event = event
        self.outcome = outcome
        self.duration = duration
    }
}

/// What an invocation takes from outside, so that a replay can give it again. Time, claims and ids are the event's.
public struct Taken: Sendable, Equatable {
    /// What its random numbers and the ids that are shown start from.
    public var seed: UInt64
    /// What its ids that open a door are derived from; nil where it made none.
    public var idSeed: SecretNumber?
    /// Why the caller's token was refused, if it was.
    public var refusal: String?
    /// As many invocations of the function were under way as may be.
    public var isBusy = false
    /// As many waited for the same key as may.
    public var isCrowded = false
    /// It was cancelled, and ended with that.
    public var isCancelled = false
    /// Reads that the store could not do.
    public var readFaults: [ReadFault] = []
    /// What there was of the event's data, where a recording has none of it.
    public var leftOut: LeftOutData?
    /// What it read was changed by others each time that it was run.
    public var isContended = false
    /// The deadline passed.
    public var isOverrun = false
    /// What the store could not do, at the admission or the commit.
    public var fault: StoreFault?
    /// Texts from outside by name, such as a model's, in pieces.
    public var texts: [String: OutsideText.Record] = [:]
    /// The jobs it did.
    public var claim: ClaimedJobs?
    /// What stood for its caller's addresses, where the function asked for that (`Context.addressMark`).
    public var addressMark: String?

    /// It ended without a place in the order at which its reads would hold.
    package var hasNoPlace: Bool { isOverrun || isContended || isCancelled || fault != nil }

    /// Nothing but a seed.
    public init(seed: UInt64 = 0) { self.seed = seed }
}

/// Jobs that an invocation did, as a recording names them.
public struct ClaimedJobs: Sendable, Equatable {
    /// The queue's name.
    public let queue: String
    /// The group's.
    public let group: String
    /// The number of the claim in the store's order.
    public let lease: Int64
    /// How many there were.
    public let count: Int

    package init(queue: String, group: String, lease: Int64, count: Int) {
        self.queue = queue
        self.group = group
        self.lease = lease
        self.count = count
    }
}

/// Data of an event that a recording does not have: of what was refused for its size, above all.
public struct LeftOutData: Sendable, Equatable {
    /// How much arrived, in bytes.
    public let bytes: Int
    /// The SHA-256 of the data, without its secrets, in hexadecimal digits.
    public let digest: String

    package init(bytes: Int, digest: String) {
        self.bytes = bytes
        self.digest = digest
    }
}

/// A read of a function's that the store could not do, and that the function was told of.
public struct ReadFault: Sendable, Equatable {
    /// Which of its reads, from 1.
    package let read: Int
    package let fault: StoreFault

    package init(read: Int, fault: StoreFault) {
        self.read = read
        self.fault = fault
    }

    /// How many a recording keeps.
    static let limit = 100
}

/// A failure of the store that a recording keeps: the disk and the load are not in it.
public struct StoreFault: Sendable, Equatable {
    package enum Kind: String, CaseIterable {
        case full, busy, corrupt, readOnly = "read-only", io, closed, overloaded, admissionLost =
            "admission-lost"
        case leaseLost = "lease-lost"
        case other
    }

    /// SQLITE_FULL.
    private static let fullCode: Int32 = 13

    package let kind: Kind
    /// SQLite's or the system's, 0 where the error has none.
    package let code: Int32
    /// What failed; without values, as in the store's own errors.
    package let statement: String?

    package init(_ kind: Kind, code: Int32 = 0, statement: String? = nil) {
        self.kind = kind
        self.code = code
        self.statement = statement
    }

    init(_ error: StoreError) {
        switch error {
        case .full: self.init(Kind.full)
        case .busy: self.init(Kind.busy)
        case .corrupt: self.init(Kind.corrupt)
        case .readOnly: self.init(Kind.readOnly)
        case .failed(let code, let reason): self.init(Kind.io, code: code, statement: reason)
        case .gone: self.init(Kind.io)
        case .closed: self.init(Kind.closed)
        case .overloaded: self.init(Kind.overloaded)
        case .admissionLost(let isFull): self.init(Kind.admissionLost, code: isFull ? Self.fullCode : 0)
        case .leaseLost: self.init(Kind.leaseLost)
        case .unexpected(let code, let statement): self.init(Kind.other, code: code, statement: statement)
        case .unusable: self.init(Kind.other)
        }
    }

    package var error: StoreError {
        switch kind {
        case .full: .full
        case .busy: .busy
        case .corrupt: .corrupt
        case .readOnly: .readOnly
        // Recordings that are older than the words had SQLite's only.
        case .io: .failed(code: code, reason: statement ?? "disk I/O error (SQLite code \(code))")
        case .closed: .closed
        case .overloaded: .overloaded
        case .admissionLost: .admissionLost(full: code == Self.fullCode)
        case .leaseLost: .leaseLost
        case .other: .unexpected(code: code, statement: statement ?? "recorded")
        }
    }
}

/// Who is told of each invocation when it has ended. Called on the host's loop: it must be quick.
public protocol InvocationObserver: Sendable {
    /// An invocation has ended.
    func ended(_ record: InvocationRecord)
    /// Jobs were given back as number `number` of the store's order; 0 where the lease was lost. `wasRun` is false where
    /// no invocation was made for them.
    func gaveBack(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool)
}
