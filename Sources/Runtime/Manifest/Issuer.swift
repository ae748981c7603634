/// Who signs tokens that are accepted: one entry of `auth`.
///
/// The key is a secret: neither description, nor a mirror of this value, nor an error message shows it.
public struct Issuer: Sendable, Equatable {
    /// How tokens are signed (RFC 7518, section 3.1). The entry pins it: a token's own `alg` never chooses.
    public enum Algorithm: String, Sendable, Equatable, CaseIterable {
        /// HMAC with SHA-256.
        case hs256 = "HS256"
    }

    /// The `iss` claim a token must have.
    public var issuer: String
    /// The `aud` claim a token must have.
    public var audience: String
    /// How its tokens are signed.
    public var algorithm: Algorithm
    /// The signing key; nil where the manifest takes it from an environment variable that is unset or empty.
    /// The caller then makes a development key, or refuses to start in production.
    public var key: String?

    /// An issuer made in code.
    public init(issuer: String, audience: String, algorithm: Algorithm = .hs256, key: String?) {
        self.issuer = issuer
        self.audience = audience
        self.algorithm = algorithm
        self.key = key
    }
}

extension Issuer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The issuer without its key.
    public var description: String {
        "\(issuer) (audience \(audience), \(algorithm.rawValue), \(key == nil ? "no key" : "key set"))"
    }

    /// The same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without the key, for `dump` and for test failures.
    public var customMirror: Mirror {
        Mirror(
            self, children: ["issuer": issuer, "audience": audience, "algorithm": algorithm.rawValue])
    }
}
