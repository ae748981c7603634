package import Base
package import Ledger

package func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

package func emit(_ text: String) -> UnitOfWork.Write {
    .emit(Emit(rooms: ["location:1"], event: "said", json: text))
}

package func job(_ id: String, group: String = "g", queue: String = "story") -> UnitOfWork.Write {
    .enqueue(queue: queue, group: group, id: id, payload: "{}", traceparent: nil)
}

package func entry(_ id: String, stream: String = "s", body: String = "{}") -> UnitOfWork.Write {
    .append(stream: stream, kind: "action", id: id, body: body)
}

package func connect(
    _ id: String = "c", host: String = "h", subject: String = "p", namespace: String = "/"
) -> UnitOfWork.Write {
    .connect(connection: id, host: host, subject: subject, session: nil, namespace: namespace)
}

package func say(_ text: String, to rooms: [String], except: [String] = []) -> UnitOfWork.Write {
    .emit(Emit(rooms: rooms, except: except, event: "said", json: text))
}

package enum Unexpected: Error { case refusal(AdmissionDecision), conflict }

extension SharedState {
    package func ask(
        _ function: String = "f", now: Int64 = 1_000, session: String? = nil, rates: [RateRule] = [],
        concurrency: Int = 1_000_000
    ) async throws(StoreError) -> AdmissionDecision {
        try await admit(
            AdmissionRequest(
                function: function, now: at(now), session: session, rates: rates, concurrency: concurrency))
    }

    package func ticket(_ function: String = "f", concurrency: Int = 1_000_000) async throws -> Ticket {
        let decision = try await ask(function, concurrency: concurrency)
        guard case .admitted(let ticket, _) = decision else { throw Unexpected.refusal(decision) }
        return ticket
    }

    /// An invocation from its admission to its commit; the commit's number.
    @discardableResult
    package func apply(_ writes: [UnitOfWork.Write], now: Int64 = 1_000, completing claim: JobClaim? = nil)
        async throws
        -> Int64
    {
        let ticket = try await ticket()
        do {
            let unit = UnitOfWork(writes: writes)
            guard
                case .committed(let number) = try await commit(
                    unit, at: at(now), ticket: ticket, completing: claim)
            else { throw Unexpected.conflict }
            return number
        } catch {
            release(ticket)
            throw error
        }
    }

    package func claim(
        _ owner: String = "worker", now: Int64 = 1_000, until: Int64 = 2_000, groups: Int = 10,
        batch: Int = 10,
        queue: String = "story"
    ) async throws -> [JobClaim] {
        try await claimJobs(
            queue: queue, owner: owner, now: at(now), leaseUntil: at(until), groups: groups, batch: batch)
    }

    /// The texts of what a connection has missed.
    package func textsMissed(
        _ id: String = "c", after start: Int64 = 0, through end: Int64 = .max, scanning: Int = 1_000
    ) async throws -> [String] {
        try await missed(connection: id, after: start, through: end, scanning: scanning).texts
    }

    /// What the observer is told, as a stream.
    package func committed() -> AsyncStream<Committed> {
        let (stream, continuation) = AsyncStream<Committed>.makeStream()
        follow { continuation.yield($0) }
        return stream
    }
}

extension Missed {
    package var texts: [String] {
        effects.map { effect in
            if case .emit(let emit) = effect.kind { emit.json } else { "no emit" }
        }
    }
}

extension AsyncStream<Committed> {
    /// The texts of emitted events up to and with the one that says `last`, in order.
    package func said(upTo last: String) async -> [String] {
        var said: [String] = []
        for await committed in self {
            for effect in committed.effects {
                if case .emit(let emit) = effect.kind { said.append(emit.json) }
            }
            if said.contains(last) { break }
        }
        return said
    }
}

extension AdmissionDecision {
    package var isAdmitted: Bool { if case .admitted = self { true } else { false } }
    package var isSessionEnded: Bool { if case .sessionEnded = self { true } else { false } }
    package var isConcurrencyExceeded: Bool { if case .concurrencyExceeded = self { true } else { false } }
}
