internal import Base
internal import Functions
internal import Synchronization

/// Tokens whose signature has been checked, with what they say. A caller sends the same one with every request. Only tokens that were good get in, so nobody
/// without a key can fill it.
final class VerifiedTokens: Sendable {
    struct Entry: Sendable {
        let claims: Claims
        /// `nbf` and `exp`, in seconds since the Unix epoch.
        let start: Double?
        let end: Double
    }

    private let entries = Mutex(BoundedCache<String, Entry>(capacity: 8_192))

    subscript(token: String) -> Entry? { entries.withLock { $0[token] } }

    func insert(_ token: String, _ entry: Entry) {
        entries.withLock { $0.keep(entry, for: token) }
    }
}
