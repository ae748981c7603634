public import Store

/// What came of an invocation.
public struct Outcome: Sendable {
    /// The HTTP status.
    public var status: Int
    /// JSON text: the function's answer, or the problem.
    public var json: String
    /// Why it failed; nil for a success.
    public var problem: Problem?
    /// Where the caller's rate stands, if the function has one and it was reached.
    public var rate: RateStatus?
    /// The caller's verified claims, if authentication passed.
    public var claims: Claims?
    /// The invocation's place in its trace.
    public var trace: TraceContext?
    /// What was committed; of a refusal, what it was decided upon.
    public var unit = UnitOfWork()

    /// Whether the function did its work and its effects are on disk.
    public var isSuccess: Bool { problem == nil }
}

extension Outcome {
    /// The header fields that tell a client of its rate: `RateLimit-Policy` and `RateLimit`
    /// (draft-ietf-httpapi-ratelimit-headers), the older `X-RateLimit-*`, and `Retry-After` on a refusal
    /// (RFC 9110 section 10.2.3).
    public func rateHeaders(now: Timestamp) -> [(String, String)] {
        var headers: [(String, String)] = []
        if let rate {
            let reset = (rate.resetAfter.milliseconds + 999) / 1_000
            headers = [
                ("RateLimit-Policy", "\"default\";q=\(rate.limit);w=\(rate.window.milliseconds / 1_000)"),
                ("RateLimit", "\"default\";r=\(rate.remaining);t=\(reset)"),
                ("X-RateLimit-Limit", String(rate.limit)),
                ("X-RateLimit-Remaining", String(rate.remaining)),
                (
                    "X-RateLimit-Reset",
                    String((now.milliseconds + rate.resetAfter.milliseconds + 999) / 1_000)
                ),
            ]
        }
        if let seconds = problem?.retryAfterSeconds { headers.append(("Retry-After", "\(seconds)")) }
        return headers
    }
}
