internal import Ledger

/// An invocation's place among the concurrent ones, from its admission on.
///
/// It is given back once, wherever its life ends: at the end of the pipeline, or when a function that has overrun its
/// deadline is really done (``RunningCall``). Only a commit takes it with it.
struct Place: ~Copyable, Sendable {
    /// What the store knows it by.
    let ticket: Ticket
    private let state: any SharedState
    private var isHeld = true

    init(_ ticket: Ticket, in state: any SharedState) {
        self.ticket = ticket
        self.state = state
    }

    /// A commit has ended the ticket.
    consuming func spend() { isHeld = false }

    deinit { if isHeld { state.release(ticket) } }
}
