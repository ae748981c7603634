public import Base

/// A token and the session behind it.
public struct SessionToken: Sendable {
    /// The JSON Web Token.
    public let token: String
    /// The session's id, the token's `sid`.
    public let sessionID: String
    /// When both end.
    public let expiresAt: Timestamp
}
