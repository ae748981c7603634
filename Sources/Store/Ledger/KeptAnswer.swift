public import Base

/// What a client calls one thing that it asks for: where it asks again under the same name, nothing is done again.
public struct RequestKey: Sendable, Equatable, Codable {
    /// Unique over functions and callers.
    public var name: String
    /// Tells one input from another: the same name with another input is a client's mistake.
    public var fingerprint: [UInt8]

    /// A key.
    public init(name: String, fingerprint: [UInt8]) {
        self.name = name
        self.fingerprint = fingerprint
    }
}

/// The answer that was given under a key, kept in the same transaction as what was done for it.
public struct KeptAnswer: Sendable, Equatable, Codable {
    /// What was asked.
    public var key: RequestKey
    /// The HTTP status.
    public var status: Int
    /// JSON text; nil where it was longer than `StoreLimits.keptAnswerBytes`.
    public var json: String?
    /// From then on the key is free again.
    public var expiresAt: Timestamp

    /// An answer to be kept.
    public init(key: RequestKey, status: Int, json: String?, expiresAt: Timestamp) {
        self.key = key
        self.status = status
        self.json = json
        self.expiresAt = expiresAt
    }
}
