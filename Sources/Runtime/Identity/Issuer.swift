/// Who signs tokens that are accepted: one entry of `auth`.
///
/// The keys are secrets: neither description, nor a mirror of this value, nor an error message shows one.
public struct Issuer: Sendable, Equatable {
    /// How tokens are signed (RFC 7518, section 3.1). The entry pins it: a token's own `alg` never chooses.
    public enum Algorithm: String, Sendable, Equatable, CaseIterable {
        /// HMAC with SHA-256.
        case hs256 = "HS256"
    }

    /// A key, and how tokens name it.
    public struct Key: Sendable, Equatable {
        /// The `kid` of its tokens (RFC 7515, section 4.1.4); nil for a key that may have signed any.
        public var id: String?
        /// The key itself; nil where the manifest takes it from an environment variable that is unset or empty.
        public var secret: String?

        /// A key made in code.
        public init(id: String? = nil, secret: String?) {
            self.id = id
            self.secret = secret
        }
    }

    /// The `iss` claim a token must have.
    public var issuer: String
    /// The `aud` claim a token must have.
    public var audience: String
    /// How its tokens are signed.
    public var algorithm: Algorithm
    /// The keys that its tokens may be signed with, at least one; the first signs. Where that one is not set, the
    /// caller makes a development key, or refuses to start in production; another that is not set counts for nothing.
    public var keys: [Key]

    /// An issuer made in code.
    public init(issuer: String, audience: String, algorithm: Algorithm = .hs256, keys: [Key]) {
        self.issuer = issuer
        self.audience = audience
        self.algorithm = algorithm
        self.keys = keys
    }

    /// An issuer with one key that has no id.
    public init(issuer: String, audience: String, algorithm: Algorithm = .hs256, key: String?) {
        self.init(issuer: issuer, audience: audience, algorithm: algorithm, keys: [Key(secret: key)])
    }

    /// The key that signs, where it is set.
    public var signingKey: String? { keys.first?.secret }
}

extension Issuer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The issuer without its keys.
    public var description: String {
        "\(issuer) (audience \(audience), \(algorithm.rawValue), \(signingKey == nil ? "no key" : "key set"))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the keys, for `dump` and for test failures.
    public var customMirror: Mirror {
        Mirror(
            self, children: ["issuer": issuer, "audience": audience, "algorithm": algorithm.rawValue])
    }
}

extension Issuer.Key: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key's name alone.
    public var description: String { "\(id ?? "key") (\(secret == nil ? "not set" : "set"))" }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the key itself.
    public var customMirror: Mirror { Mirror(self, children: ["id": id as Any]) }
}
