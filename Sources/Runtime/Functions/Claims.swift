public import Base

/// What a verified token says of its bearer.
public struct Claims: Sendable, Equatable, Codable {
    /// Who it is: `sub` (RFC 7519 section 4.1.2).
    public var subject: String
    /// The session, `sid`; nil where nothing is to be looked up (a job, a local developer).
    public var session: String?
    /// The roles that `roles` lists.
    public var roles: [String]
    /// When the token ends, `exp`; nil where there was no token.
    public var expiresAt: Timestamp?

    /// Claims of a subject.
    public init(subject: String, session: String? = nil, roles: [String] = [], expiresAt: Timestamp? = nil) {
        self.subject = subject
        self.session = session
        self.roles = roles
        self.expiresAt = expiresAt
    }
}
