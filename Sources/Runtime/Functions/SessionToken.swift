public import Base
package import Ledger

/// A token and the session behind it: the one way to open one. It is open once ``write`` is committed.
public struct SessionToken: Sendable {
    /// The JSON Web Token.
    public let token: String
    /// The session's id, the token's `sid`.
    public let sessionID: String
    /// When both end.
    public let expiresAt: Timestamp
    /// What opens it.
    package let write: UnitOfWork.Write

    /// A session for a subject; nil where `sign` makes no token.
    ///
    /// - Parameters:
    ///   - id: A secret identifier.
    ///   - sign: Signs a token's claims.
    package init?(
        id: String, for subject: String, roles: [String], now: Timestamp, lifetime: Duration,
        sign: (Claims) -> String?
    ) {
        // Tokens count whole seconds.
        let end = Timestamp(milliseconds: (now + lifetime).milliseconds / 1_000 * 1_000)
        let claims = Claims(subject: subject, session: id, roles: roles, expiresAt: end)
        guard let token = sign(claims) else { return nil }
        self.token = token
        sessionID = id
        expiresAt = end
        write = .openSession(id: id, subject: subject, expiresAt: end)
    }
}
