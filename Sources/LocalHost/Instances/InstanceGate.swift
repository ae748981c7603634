internal import Base
internal import Ledger
internal import Runtime
internal import Synchronization

/// One invocation as the engine asks for it, from any thread.
final class InstanceOrder: Sendable {
    let function: String
    let event: Event
    let payload: [UInt8]
    let contentType: String
    /// What is left of its time, where somebody else looks after that.
    let time: Duration?
    let live: (@Sendable (Emit) -> Void)?

    private struct State {
        var continuation: CheckedContinuation<InstanceReply, Never>?
        var cancel: (@Sendable () -> Void)?
        var isCancelled = false
    }
    private let state = Mutex(State())

    init(
        _ entry: FunctionEntry, _ event: Event, payload: [UInt8], contentType: String, time: Duration?,
        live: (@Sendable (Emit) -> Void)?
    ) {
        function = entry.name
        self.event = event
        self.payload = payload
        self.contentType = contentType
        self.time = time
        self.live = live
    }

    /// Has it done, and waits for what comes of it. A task that is cancelled waits no longer.
    func done(by submit: @Sendable (InstanceOrder) -> Void) async -> InstanceReply {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.continuation = continuation }
                submit(self)
            }
        } onCancel: {
            let cancel = state.withLock { state in
                state.isCancelled = true
                return state.cancel
            }
            cancel?()
            reply(.failed(Problem(.busy, "The invocation was cancelled; nothing was changed.")))
        }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// It is under way; `cancel` ends it.
    func began(_ cancel: @escaping @Sendable () -> Void) { state.withLock { $0.cancel = cancel } }

    /// Tells who waits, once.
    func reply(_ reply: InstanceReply) { state.withLock { $0.continuation.take() }?.resume(returning: reply) }
}

/// What came of an order.
typealias InstanceReply = InstanceTask.Reply

/// The way of the engine to the instances.
struct InstanceGate: FunctionProcesses {
    let submit: @Sendable (InstanceOrder) -> Void
    let metrics: Metrics

    func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim?, live: (@Sendable (Emit) -> Void)?
    ) async -> Outcome {
        let payload: [UInt8]
        do {
            payload = try RemoteInvocation(event: event, claim: claim, hasListener: live != nil).encoded()
        } catch { return Self.outcome(Problem(.failed, "The event cannot be handed on."), event) }
        let order = InstanceOrder(
            entry, event, payload: payload, contentType: RemoteInvocation.mediaType, time: nil, live: live)
        switch await order.done(by: submit) {
        case .answer(let bytes):
            return RemoteOutcome.outcome(bytes, countingTo: metrics)
                ?? Self.outcome(Problem(.badAnswer, "The function's answer cannot be read."), event)
        case .failed(let problem): return Self.outcome(problem, event)
        }
    }

    func answer(
        _ entry: FunctionEntry, _ event: Event, caller: Claims?, within limit: Duration
    ) async throws -> String {
        let order = InstanceOrder(
            entry, event, payload: GatewayEventText.json(event, caller: caller),
            contentType: "application/json",
            time: limit, live: nil)
        switch await order.done(by: submit) {
        case .answer(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Problem(.badAnswer, "The function's answer is not UTF-8.")
            }
            return text
        case .failed(let problem): throw problem
        }
    }

    private static func outcome(_ problem: Problem, _ event: Event) -> Outcome {
        var problem = problem
        problem.instance = event.id
        return Outcome(status: problem.status, json: problem.json, problem: problem)
    }
}
