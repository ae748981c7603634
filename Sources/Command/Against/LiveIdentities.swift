internal import Base
internal import Runtime
internal import Synchronization

/// What the host under test calls those that the recording names: the tokens it gave, and its own ids.
final class LiveIdentities: Sendable {
    private struct State {
        var ids: [String: String] = [:]
        /// Tokens that the host gave in an answer, by the caller in the recording.
        var given: [String: String] = [:]
        var signed: [Caller: String?] = [:]
    }

    private struct Caller: Hashable {
        let subject: String
        let roles: [String]
    }

    private let state = Mutex(State())
    private let sign: @Sendable (Claims) -> String?
    private let limit: Int

    init(limit: Int, sign: @escaping @Sendable (Claims) -> String?) {
        self.limit = limit
        self.sign = sign
    }

    /// A token for the caller: the one that the host gave them, else a fresh one.
    func token(for claims: Claims) throws(TrafficFailure) -> String {
        if let token = state.withLock({ $0.given[claims.subject] }) { return token }
        let caller = Caller(subject: claims.subject, roles: claims.roles)
        let known = state.withLock { $0.signed[caller] }
        let token: String?
        if let known {
            token = known
        } else {
            // Not under the lock: it may take a while. At worst it is asked for twice.
            token = sign(claims)
            state.withLock { $0.signed[caller] = token }
        }
        guard let token, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .noToken(claims.subject)
        }
        return token
    }

    /// The data with the host's ids in place of the recording's.
    func rewritten(_ data: [UInt8]) -> [UInt8] {
        Identifiers.rewritten(data) { id in state.withLock { $0.ids[id] } }
    }

    /// Learns from an answer beside the recorded one.
    func learn(recorded: String, live: String) {
        let pairs = Identifiers.pairs(recorded, live)
        let token = Self.signIn(recorded, live)
        guard !pairs.isEmpty || token != nil else { return }
        state.withLock { state in
            if let token { state.given[token.caller] = token.token }
            for (id, other) in pairs where state.ids.count < limit { state.ids[id] = other }
        }
    }

    /// The caller whom a recorded answer signed in: it names them as the log does, and a token was left out of it.
    static func caller(signedInBy recorded: String) -> String? {
        guard recorded.contains("\"token\""), let members = JSONScanner.members(of: recorded),
            members.contains(where: { $0.name == "token" }),
            let id = members.last(where: { $0.name == CallerWord.field })
        else { return nil }
        return JSONScanner.string(of: id.value)
    }

    private static func signIn(_ recorded: String, _ live: String) -> (caller: String, token: String)? {
        guard let caller = caller(signedInBy: recorded),
            let token = JSONScanner.members(of: live)?.last(where: { $0.name == "token" }),
            let text = JSONScanner.string(of: token.value)
        else { return nil }
        return (caller, text)
    }
}
