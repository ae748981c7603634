internal import Base
public import Functions
public import Ledger
internal import Synchronization

/// Who runs functions in processes of their own, for an engine.
public protocol FunctionProcesses: Sendable {
    /// Has a function of ours run by one of its instances: the whole pipeline, on the same shared state.
    func invoke(
        _ entry: FunctionEntry, _ event: Event, completing claim: JobClaim?,
        live: (@Sendable (Emit) -> Void)?
    ) async -> Outcome
    /// What a program that knows nothing of ours answers to an event, as the text that it gave. The pipeline runs around
    /// it, in this process. Throws a `Problem`.
    func answer(
        _ entry: FunctionEntry, _ event: Event, caller: Claims?, within limit: Duration
    ) async throws -> String
}

/// Holds who runs processes: known only when the host is there.
final class ProcessesSlot: Sendable {
    private let held = Mutex<(any FunctionProcesses)?>(nil)

    var value: (any FunctionProcesses)? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}

extension AnyFunction {
    /// A program that a manifest's `command` names: what it answers is a text from outside.
    init(program entry: FunctionEntry, run by: ProcessesSlot, on executor: any TaskExecutor) {
        handlerName = entry.name
        answerForm = .value
        companions = []
        objections = { _ in [] }
        outcome = { GatewayAnswer.outcome(of: $0, to: $1) }
        prepare = { event in
            Prepared { context in
                let source = context.outside("answer") {
                    AsyncThrowingStream { continuation in
                        let task = Task(executorPreference: executor) {
                            do throws(ProcessFailure) {
                                continuation.yield(try await Self.answer(entry, event, context, by))
                                continuation.finish()
                            } catch { continuation.finish(throwing: error) }
                        }
                        continuation.onTermination = { _ in task.cancel() }
                    }
                }
                var text = ""
                do { for try await piece in source { text += piece } } catch {
                    if error is CancellationError { throw error }
                    // As a replay has it, which knows no more than the text.
                    throw Problem(ofCall: String(describing: error))
                }
                try Task.checkCancellation()
                return try GatewayAnswer(text, to: event).json
            }
        }
    }

    private static func answer(
        _ entry: FunctionEntry, _ event: Event, _ context: Context, _ processes: ProcessesSlot
    ) async throws(ProcessFailure) -> String {
        guard let processes = processes.value else {
            throw ProcessFailure(Problem(.failed, "No host runs its processes here."))
        }
        do {
            return try await processes.answer(
                entry, event, caller: context.caller, within: context.remaining)
        } catch {
            throw ProcessFailure(
                error as? Problem ?? Problem(.busy, "The invocation was cancelled; nothing was changed."))
        }
    }

    /// Why a program has given no answer, as a recording keeps it.
    private struct ProcessFailure: Error, CustomStringConvertible {
        let description: String
        init(_ problem: Problem) { description = "\(problem.kind.rawValue): \(problem.detail)" }
    }
}
