internal import Synchronization

/// Tokens whose signature has been checked, with what they say. A player sends the same one with every request.
///
/// At most `capacity` tokens; when they are reached it starts anew. Only tokens that were good get in, so nobody
/// without a key can fill it.
final class VerifiedTokens: Sendable {
    struct Entry: Sendable {
        let claims: Claims
        /// `nbf` and `exp`, in seconds since the Unix epoch.
        let start: Double?
        let end: Double
    }

    private static let capacity = 8_192
    private let entries = Mutex<[String: Entry]>([:])

    subscript(token: String) -> Entry? { entries.withLock { $0[token] } }

    func insert(_ token: String, _ entry: Entry) {
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[token] = entry
        }
    }
}
