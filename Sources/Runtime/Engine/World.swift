package import Functions
internal import Ledger

/// Where an invocation has from whatever is neither in its event nor in the store: seeds, secrets, texts, time, and how
/// many others are at work. One an invocation.
///
/// What it gives it notes, so that a recording has it (``taken``). There are two: ``LiveWorld`` is now and here,
/// ``RecordedWorld`` gives again what was taken then. No step of the pipeline knows which of them it has.
package protocol World: ContextBackend {
    /// What the invocation's random numbers start from.
    var seed: UInt64 { get }
    /// All that has been taken.
    var taken: Taken { get }
    /// Adds to that.
    func note(_ change: (inout Taken) -> Void)

    /// Whether the event's data is no larger than a function may have it, in bytes.
    func isSmall(_ event: Event, _ limit: Int) -> Bool
    /// Why the caller's token was refused, where that is known without looking.
    var refusal: String? { get }
    /// What the client calls that which it asks for.
    func idempotencyKey(of event: Event, member: String) throws(Problem) -> IdempotencyKey?
    /// Waits until nobody else in this process does what the key names.
    func enter(_ key: String?) async -> KeysUnderWay.Turn
    /// Ends a turn that was this one's own.
    func leave(_ key: String, isDone: Bool)
    /// How many invocations of a function may be under way, where the manifest allows `limit`.
    func concurrency(_ limit: Int) -> Int

    /// What is known to end the invocation before its function has run.
    var interruption: Interruption? { get }
    /// The function is called, again or for the first time.
    func beginRun()
    /// It has ended in time.
    func endRun()
    /// What was had from outside is asked for anew.
    func forgetTexts()
    /// The function is called no more: those go on who wait for it.
    func end()
}

/// What ends an invocation without a word of its function's.
package enum Interruption {
    /// The deadline.
    case overrun
    /// What it read was changed each time.
    case contended
    /// The host, or the client, wants it no more.
    case cancelled
}
