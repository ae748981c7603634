import Base
import Ledger
import SQLite
import Synchronization
import TestSupport

/// A store in a folder of its own.
struct Fixture {
    let directory: TemporaryDirectory
    let state: SQLiteState
    var path: String { directory.file("store.db") }

    init(limits: StoreLimits = StoreLimits()) throws {
        directory = try TemporaryDirectory()
        state = try SQLiteState(path: directory.file("store.db"), limits: limits)
    }

    /// A second process's view, as far as the store can tell.
    func another(limits: StoreLimits = StoreLimits()) throws -> SQLiteState {
        try SQLiteState(path: path, limits: limits)
    }
}

func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

func emit(_ text: String) -> UnitOfWork.Write {
    .emit(Emit(rooms: ["location:1"], event: "said", json: text))
}

func job(_ id: String, group: String = "g", queue: String = "story") -> UnitOfWork.Write {
    .enqueue(queue: queue, group: group, id: id, payload: "{}", traceparent: nil)
}

func entry(_ id: String, stream: String = "s", body: String = "{}") -> UnitOfWork.Write {
    .append(stream: stream, kind: "action", id: id, body: body)
}

enum Unexpected: Error { case refusal(AdmissionDecision), conflict }

extension SQLiteState {
    func ask(
        _ function: String = "f", now: Int64 = 1_000, session: String? = nil, rates: [RateRule] = [],
        concurrency: Int = 1_000_000
    ) async throws(StoreError) -> AdmissionDecision {
        try await admit(
            AdmissionRequest(
                function: function, now: at(now), session: session, rates: rates, concurrency: concurrency))
    }

    func ticket(_ function: String = "f", concurrency: Int = 1_000_000) async throws -> Ticket {
        let decision = try await ask(function, concurrency: concurrency)
        guard case .admitted(let ticket, _) = decision else { throw Unexpected.refusal(decision) }
        return ticket
    }

    /// An invocation from its admission to its commit; the commit's number.
    @discardableResult
    func apply(_ writes: [UnitOfWork.Write], now: Int64 = 1_000, completing claim: JobClaim? = nil)
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

    func claim(
        _ owner: String = "worker", now: Int64 = 1_000, until: Int64 = 2_000, groups: Int = 10,
        batch: Int = 10,
        queue: String = "story"
    ) async throws -> [JobClaim] {
        try await claimJobs(
            queue: queue, owner: owner, now: at(now), leaseUntil: at(until), groups: groups, batch: batch)
    }

    /// What the observer is told, as a stream.
    func committed() -> AsyncStream<Committed> {
        let (stream, continuation) = AsyncStream<Committed>.makeStream()
        follow { continuation.yield($0) }
        return stream
    }
}

extension AsyncStream<Committed> {
    /// The texts of emitted events up to and with the one that says `last`, in order.
    func said(upTo last: String) async -> [String] {
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
