internal import Ledger

/// One invocation on its way through the pipeline.
struct Invocation {
    let entry: FunctionEntry
    var event: Event
    /// Jobs that are done when this invocation commits.
    let claim: JobClaim?
    let trace: TraceContext
    /// The random numbers that each attempt starts from.
    let random: SeededRandom
    let fields: LogFields
    /// Who asks, once authenticated.
    var caller: Claims?
    /// What the client calls that which it asks for.
    var key: RequestKey?
    /// Where the rate stands, once counted.
    var rate: RateStatus?
    /// What it has taken from outside; in a replay, what it is given again.
    var taken: Taken
    /// Whether `taken` is to be given again.
    let isReplay: Bool
    /// Its numbers in the store's order.
    var admission: Int64?
    var commit: Int64?
    /// What was committed.
    var unit = UnitOfWork()

    /// Whether there is no more data than the function may have.
    var isSmall: Bool {
        let limit = entry.limits.body
        if let leftOut = taken.leftOut { return leftOut.bytes <= limit }
        return event.data.count <= limit || event.arrivedCount <= limit
    }

    /// What is counted and kept by address.
    var addressScope: String { "address:" + (event.address.map(AddressBlock.of) ?? "local") }
}

/// Why functions cannot be served.
public enum InvokerError: Error, Sendable, CustomStringConvertible {
    /// The manifest names handlers that the program does not bring: one line each.
    case missingHandlers([String])
    /// Functions that cannot work as the manifest asks for them: one line each.
    case objections([String])

    /// The lines.
    public var description: String {
        switch self {
        case .missingHandlers(let lines), .objections(let lines): lines.joined(separator: "\n")
        }
    }
}
