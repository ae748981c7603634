internal import Base
internal import Runtime
internal import Wire

/// Who opened an Engine.IO session, as far as a proxy lets that be seen: what its first request proved itself with, and
/// the page that it came from. A session's id alone does not make a client its client.
///
/// The address is no part of it: a telephone that leaves the house has another one in the middle of a session.
struct SessionOpener: Sendable, Equatable {
    /// The digest of the Authorization field (RFC 9110 section 11.6.2); nil where none was sent.
    let credential: [UInt8]?
    /// The caller whom a bearer's token names, if it is good. Whoever has the request finds that out (`needsSubject`).
    var subject: String?
    /// Whether a page opened it: what is no browser names no origin.
    let hasPage: Bool
    /// The page's origin, where that is another one than ours (`OriginPolicy.foreignOrigin`).
    let origin: String?

    init(_ request: HTTPRequest, _ origins: OriginPolicy) {
        let field = request.headers["Authorization"]
        // Not the field itself: it may have thousands of bytes, and is kept for as long as the session.
        credential = field.map { Cryptography.hmacSHA256(key: [], Array($0.utf8)) ?? [] }
        origin = origins.foreignOrigin(of: request)
        hasPage = request.headers["Origin"] != nil
    }

    init(credential: [UInt8]?, subject: String?, origin: String?, hasPage: Bool = false) {
        (self.credential, self.subject, self.origin) = (credential, subject, origin)
        self.hasPage = hasPage || origin != nil
    }

    /// Whether `admits` depends on the caller whom another's token names: that has to be looked up.
    func needsSubject(of other: SessionOpener, callers: [String]) -> Bool {
        guard let credential else { return !callers.isEmpty && other.credential != nil }
        return subject != nil && other.credential.map { $0 != credential } ?? false
    }

    /// Whether a later request with the session's id may be of the client that opened it.
    ///
    /// A client that began without a credential has none to show; but where its sockets are a caller's (`callers`), one
    /// that shows another caller's token is somebody else. One that has renewed its token still is the same caller. A
    /// page's WebSocket cannot bring the field (https://websockets.spec.whatwg.org), so the upgrade of a session that a
    /// page opened may lack it.
    func admits(_ other: SessionOpener, isUpgrade: Bool, callers: [String] = []) -> Bool {
        guard origin == other.origin else { return false }
        guard let credential else {
            return callers.isEmpty || other.subject.map(callers.contains) ?? true
        }
        guard let shown = other.credential else { return isUpgrade && hasPage }
        return shown == credential || subject != nil && subject == other.subject
    }
}
