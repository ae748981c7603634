/// Why the store could not do what was asked, whatever its engine.
///
/// No case carries a bound value: keys, tokens and clients' texts stay out of logs and answers.
public enum StoreError: Error, Sendable, Equatable {
    /// It cannot be opened, or is no store that this version can use; `reason` is one line, with what to do about it.
    case unusable(Unusable, reason: String)
    /// What was open is there no longer, or another store is in its place: what is written now would be lost.
    case gone(reason: String)
    /// The disk, or the size allowed for the store, is full. Nothing of the unit of work was kept.
    case full
    /// Another process kept the store locked for longer than the busy time-out.
    case busy
    /// What is stored is damaged.
    case corrupt
    /// It can only be read.
    case readOnly
    /// It did not take or give what it was asked for; the engine's code, and its words for it.
    case failed(code: Int32, reason: String)
    /// The store was closed, or is closing.
    case closed
    /// Too many operations wait already.
    case overloaded
    /// The admission was part of a transaction that was lost, so its unit of work cannot count; `full`: because the
    /// disk was.
    case admissionLost(full: Bool)
    /// Another worker has taken the job over since it was claimed.
    case leaseLost
    /// A fault of our own: an engine's code that no input should lead to, and the statement that did.
    case unexpected(code: Int32, statement: String)

    /// Why a store cannot be used.
    public enum Unusable: Sendable, Equatable {
        /// It cannot be opened or made.
        case unavailable
        /// It is another application's, or nothing that can be read.
        case foreign
        /// A newer version of this software wrote it.
        case newer
        /// Its parts do not belong together, or one is missing.
        case incomplete
    }
}

extension StoreError: CustomStringConvertible {
    /// One line for the log or a terminal.
    public var description: String {
        switch self {
        case .unusable(_, let reason), .gone(let reason): reason
        case .full: "the disk of the store is full"
        case .busy: "the store is locked by another process"
        case .corrupt: "the store is damaged"
        case .readOnly: "the store cannot be written: its file or its file system can only be read"
        case .failed(_, let reason): "the store's disk failed: \(reason)"
        case .closed: "the store is closed"
        case .overloaded: "too many operations wait for the store"
        case .admissionLost(let isFull):
            "the transaction that admitted this invocation was lost\(isFull ? ": the disk of the store is full" : "")"
        case .leaseLost: "the job was taken over by another worker"
        case .unexpected(let code, let statement): "code \(code) of the store's engine from: \(statement)"
        }
    }
}
