public import Base
public import Functions
public import Ledger
public import Observability

/// What came of an invocation.
public struct Outcome: Sendable {
    /// The HTTP status.
    public var status: Int
    /// JSON text: the function's answer, or the problem.
    public var json: String
    /// What that text is to a socket: one value, but for a function whose output says otherwise.
    public var form = DataForm.value
    /// Why it failed; nil for a success.
    public var problem: Problem?
    /// Where the caller's rate stands, if the function has one and it was reached.
    public var rate: RateStatus?
    /// The caller's verified claims, if authentication passed.
    public var claims: Claims?
    /// The invocation's place in its trace.
    public var trace: TraceContext?
    /// What the answer is called among events, where the function says so.
    public var event: String?
    /// Whether it was done before, and this is the answer that was given then.
    public var isRepeated = false
    /// The whole answer over HTTP, where a program gave it that says so itself.
    public var gateway: GatewayAnswer?
    /// Whether a connection was recorded for the socket that asked.
    public var isConnected = false
    /// What was committed; of a refusal, what it was decided upon.
    public var unit = UnitOfWork()

    package init(status: Int, json: String, problem: Problem? = nil) {
        self.status = status
        self.json = json
        self.problem = problem
    }

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
            let (limit, remaining) = (Int64(rate.limit), Int64(rate.remaining))
            let (window, reset) = (rate.window.milliseconds, rate.resetAfter.milliseconds)
            headers = [
                ("RateLimit-Policy", item("q", limit, "w", window / 1_000)),
                ("RateLimit", item("r", remaining, "t", (reset + 999) / 1_000)),
                ("X-RateLimit-Limit", String(limit)),
                ("X-RateLimit-Remaining", String(remaining)),
                ("X-RateLimit-Reset", String((now.milliseconds + reset + 999) / 1_000)),
            ]
        }
        if let seconds = problem?.retryAfterSeconds { headers.append(("Retry-After", "\(seconds)")) }
        return headers
    }

    /// `"default";q=30;w=60`, in one piece: every answer has two of them.
    private func item(_ first: String, _ one: Int64, _ second: String, _ other: Int64) -> String {
        String(capacity: 64) { text in
            text.append(utf8: "\"default\";")
            text.append(utf8: first)
            text.append(UInt8(ascii: "="))
            text.append(decimal: one)
            text.append(UInt8(ascii: ";"))
            text.append(utf8: second)
            text.append(UInt8(ascii: "="))
            text.append(decimal: other)
        }
    }
}
