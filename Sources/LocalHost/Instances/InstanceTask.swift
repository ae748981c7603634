internal import Base
internal import Ledger
internal import Net
internal import Runtime

/// One invocation on its way to an instance and back.
final class InstanceTask {
    /// What came back.
    enum Reply {
        /// The bytes of the answer.
        case answer([UInt8])
        case failed(Problem)
    }

    /// Names it towards the instance; nobody can guess it.
    let id: String
    /// The event's.
    let eventID: String
    let trace: TraceContext?
    let payload: [UInt8]
    let contentType: String
    /// Until when it may wait for an instance, and how long it may run on one.
    let patience: Duration
    let time: Duration
    /// How much later than that the process is ended: one of ours ends an invocation by itself.
    let grace: Duration
    /// Hears what the function says live.
    let live: (@Sendable (Emit) -> Void)?
    private var reply: ((Reply) -> Void)?

    /// Ends the waiting, or the invocation.
    var timer: TimerID?
    /// When it was handed to its instance, whether that was its first one, and what it wrote until then.
    var begun: Duration = .zero
    var isCold = false

    init(
        id: String, event: Event, payload: [UInt8], contentType: String, patience: Duration, time: Duration,
        grace: Duration, live: (@Sendable (Emit) -> Void)?, reply: @escaping (Reply) -> Void
    ) {
        self.id = id
        eventID = event.id
        trace = event.trace
        self.payload = payload
        self.contentType = contentType
        self.patience = patience
        self.time = time
        self.grace = grace
        self.live = live
        self.reply = reply
    }

    /// Whether somebody still waits for it.
    var isAwaited: Bool { reply != nil }

    /// Tells who waits, once.
    func end(_ result: Reply) {
        let reply = reply
        self.reply = nil
        reply?(result)
    }

    /// Nobody waits for it any more.
    func abandon() { reply = nil }
}
