internal import Base
public import Ledger

/// An error as a caller sees it: RFC 9457 problem details.
///
/// The same object is the HTTP answer, the Socket.IO acknowledgement and the `data` of a `connect_error`.
public struct Problem: Error, Sendable, Equatable {
    /// The kinds of problem; each has one status and one `type` URI.
    public enum Kind: String, Sendable, CaseIterable {
        case malformed, unauthenticated, forbidden
        case notFound = "not-found"
        case methodNotAllowed = "method-not-allowed"
        case timeout
        case conflict
        case tooLarge = "too-large"
        case invalid
        case rateExceeded = "rate-exceeded"
        case failed
        case badAnswer = "bad-answer"
        case died
        case busy
        case deadline
        case storeFull = "store-full"
        case protocolError = "protocol-error"

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .malformed, .protocolError: 400
            case .unauthenticated: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .timeout: 408
            case .conflict: 409
            case .tooLarge: 413
            case .invalid: 422
            case .rateExceeded: 429
            case .failed: 500
            case .badAnswer, .died: 502
            case .busy: 503
            case .deadline: 504
            case .storeFull: 507
            }
        }

        /// A short text that is the same for every problem of the kind.
        public var title: String {
            switch self {
            case .malformed: "The request cannot be read"
            case .unauthenticated: "Authentication is needed"
            case .forbidden: "Not permitted"
            case .notFound: "Not found"
            case .methodNotAllowed: "Method not allowed"
            case .timeout: "The request took too long to arrive"
            case .conflict: "Not possible in the present state"
            case .tooLarge: "Too large"
            case .invalid: "The input is not valid"
            case .rateExceeded: "Too many requests"
            case .failed: "The function failed"
            case .badAnswer: "The function's answer cannot be used"
            case .died: "The function's process has ended"
            case .busy: "Too busy at the moment"
            case .deadline: "The function took too long"
            case .storeFull: "The store is full"
            case .protocolError: "The protocol was not kept"
            }
        }
    }

    /// What happened.
    public let kind: Kind
    /// The HTTP status; the kind's own, but for errors of the protocol, which have several.
    public let status: Int
    /// What is wrong this time, fit for the caller.
    public let detail: String
    /// Fields that are not valid.
    public var errors: [InvalidInput]
    /// After what time it may work.
    public var retryAfter: Duration?
    /// The request's id.
    public var instance: String?

    /// A problem; `status` only for a kind that has several.
    public init(
        _ kind: Kind, _ detail: String, status: Int? = nil, errors: [InvalidInput] = [],
        retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.status = status ?? kind.status
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
    }

    /// The problem of input that may not be used.
    public init(_ invalid: InvalidInput) {
        let field = invalid.pointer.isEmpty ? "The input" : invalid.pointer
        self.init(.invalid, "\(field) \(invalid.detail).", errors: [invalid])
    }

    /// The problem of a store that did not do its part. The cause goes to the log, not to the caller.
    public init(_ error: StoreError) {
        switch error {
        case .full, .admissionLost(full: true):
            self.init(.storeFull, "Nothing was changed. The operator must make room.")
        case .busy, .overloaded, .closed, .admissionLost, .leaseLost:
            self.init(.busy, "Nothing was changed. Try again shortly.", retryAfter: .seconds(1))
        case .failed, .gone:
            self.init(.failed, "The store's disk failed. Whether anything was changed is not certain.")
        default: self.init(.failed, "The store failed; nothing was changed.")
        }
    }

    /// Whole seconds for `Retry-After`, at least 1.
    public var retryAfterSeconds: Int64? {
        retryAfter.map { max(1, ($0.milliseconds + 999) / 1_000) }
    }
}

extension Problem: Encodable {
    private enum Key: String, CodingKey {
        case type, title, status, detail, instance, errors
        case retryAfter = "retry_after"
    }

    private struct FieldError: Encodable {
        let pointer: String
        let detail: String
    }

    /// The members of RFC 9457, `errors` (each with `pointer` and `detail`), and `retry_after` in seconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("urn:problem-type:\(kind.rawValue)", forKey: .type)
        try container.encode(kind.title, forKey: .title)
        try container.encode(status, forKey: .status)
        try container.encode(detail, forKey: .detail)
        try container.encodeIfPresent(instance, forKey: .instance)
        try container.encodeIfPresent(retryAfterSeconds, forKey: .retryAfter)
        if !errors.isEmpty {
            try container.encode(
                errors.map { FieldError(pointer: $0.pointer, detail: $0.detail) }, forKey: .errors)
        }
    }

    /// The problem as JSON text.
    public var json: String { (try? JSON.encode(self)) ?? #"{"status":500}"# }
}
