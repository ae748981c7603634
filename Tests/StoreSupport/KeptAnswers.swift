package import Ledger

package func key(_ name: String = "f/k player:p", _ input: UInt8 = 1) -> RequestKey {
    RequestKey(name: name, fingerprint: Array(repeating: input, count: 32))
}

package func answer(
    _ name: String = "f/k player:p", _ json: String? = #"{"a":1}"#, until: Int64 = 60_000
) -> KeptAnswer {
    KeptAnswer(key: key(name), status: 202, json: json, expiresAt: at(until))
}

extension SharedState {
    package func admit(
        _ key: RequestKey, now: Int64 = 1_000, rates: [RateRule] = [], concurrency: Int = 9
    ) async throws -> AdmissionDecision {
        try await admit(
            AdmissionRequest(
                function: "f", now: at(now), session: nil, rates: rates, concurrency: concurrency, key: key))
    }

    /// Commits an entry with an answer.
    package func commit(
        _ id: String, _ answer: KeptAnswer, now: Int64 = 1_000
    ) async throws -> CommitDecision {
        let ticket = try await ticket()
        return try await commit(
            UnitOfWork(writes: [entry(id)], answer: answer), at: at(now), ticket: ticket, completing: nil)
    }
}
