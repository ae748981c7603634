internal import Ledger
internal import Synchronization

/// Invocations under way in this process: what stands behind their tickets.
///
/// Apart from every transaction, because an invocation ends where its answer is known: neither a transaction that
/// is lost nor a writer that takes no more work may keep a place occupied for ever.
final class InFlight: Sendable {
    /// Whether the transaction that admitted an invocation still counts.
    enum Admission: Sendable {
        case counts
        /// It was lost; `isFull` because the disk was.
        case lost(isFull: Bool)
    }

    private struct Place {
        let function: String
        var admission = Admission.counts
    }

    private struct State {
        var places: [Int64: Place] = [:]
        var byFunction: [String: Int] = [:]
        var lastID: Int64 = 0
    }

    private let state = Mutex(State())

    /// How many there are of all functions.
    var total: Int { state.withLock { $0.places.count } }

    /// The last ticket's id: tickets of a transaction that begins now have greater ones.
    var lastID: Int64 { state.withLock { $0.lastID } }

    /// Takes a place, if fewer than `limit` are taken; the ticket's id.
    func begin(_ function: String, limit: Int) -> Int64? {
        state.withLock { state in
            let count = state.byFunction[function] ?? 0
            guard count < limit else { return nil }
            state.byFunction[function] = count + 1
            state.lastID += 1
            state.places[state.lastID] = Place(function: function)
            return state.lastID
        }
    }

    /// What a ticket is worth; one that has ended is worth as little as one that was lost.
    func admission(of ticket: Ticket) -> Admission {
        state.withLock { $0.places[ticket.id]?.admission ?? .lost(isFull: false) }
    }

    /// The transaction that gave the tickets behind `id` is lost. Their places are still taken.
    func lose(after id: Int64, isFull: Bool) {
        state.withLock { state in
            for place in state.places.keys where place > id {
                state.places[place]?.admission = .lost(isFull: isFull)
            }
        }
    }

    /// Gives a ticket's place back; nothing where that was done before.
    func end(_ ticket: Ticket) {
        state.withLock { state in
            guard let function = state.places.removeValue(forKey: ticket.id)?.function,
                let count = state.byFunction[function]
            else { return }
            state.byFunction[function] = count > 1 ? count - 1 : nil
        }
    }
}
