internal import FoundationEssentials
public import Store

/// JSON Web Tokens (RFC 7519) as JWS with HS256 (RFC 7515, RFC 7518 section 3.2): checks and makes them.
///
/// The algorithm is the issuer entry's, never the token's own choice (RFC 8725 section 3.1).
public struct Tokens: Sendable {
    /// The longest token that is looked at, in bytes.
    public static let maximumLength = 4_096

    private let issuers: [Issuer]
    private let keys: [[UInt8]]
    private let cache = VerifiedTokens()

    /// Tokens of these issuers; the first one signs. Every entry must have its key.
    public init(_ issuers: [Issuer]) {
        self.issuers = issuers
        keys = issuers.map { Array(($0.key ?? "").utf8) }
    }

    /// Why a token is refused; the texts are fit for the caller.
    public enum Refusal: String, Error, Sendable {
        case malformed = "The token cannot be read."
        case unknownIssuer = "The token's issuer is not known here."
        case wrongAlgorithm = "The token's algorithm is not its issuer's."
        case badSignature = "The token's signature does not match."
        case expired = "The token has expired."
        case notYetValid = "The token is not valid yet."
        case wrongAudience = "The token is for another audience."
        case incomplete = "The token lacks a subject, a session or an end."
    }

    private struct Header: Decodable {
        let alg: String
        let crit: [String]?
    }

    /// The header of the tokens that are made here, as it stands in them: nearly every token's, and so not parsed.
    private static let ownHeader = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))

    private struct Payload: Codable {
        var iss: String?
        var aud: Audience?
        var sub: String?
        var sid: String?
        var roles: [String]?
        var iat: Double?
        var nbf: Double?
        var exp: Double?
    }

    /// One audience or several (RFC 7519 section 4.1.3).
    private struct Audience: Codable {
        var names: [String]

        init(_ name: String) { names = [name] }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                names = [one]
            } else {
                names = try container.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if names.count == 1 { try container.encode(names[0]) } else { try container.encode(names) }
        }
    }

    /// The claims of a token that is good at `now`.
    ///
    /// A token whose signature has been checked once is not read again: only its times are.
    public func verify(_ token: String, now: Timestamp) throws(Refusal) -> Claims {
        guard token.utf8.count <= Self.maximumLength else { throw .malformed }
        let verified: VerifiedTokens.Entry
        if let known = cache[token] {
            verified = known
        } else {
            verified = try read(token)
            cache.insert(token, verified)
        }
        let seconds = Double(now.milliseconds) / 1_000
        guard seconds < verified.end else { throw .expired }
        if let start = verified.start, seconds < start { throw .notYetValid }
        return verified.claims
    }

    /// Everything about a token that does not change with time.
    private func read(_ token: String) throws(Refusal) -> VerifiedTokens.Entry {
        // By bytes: finding characters would take longer than the signature.
        let parts = token.utf8.split(
            separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard parts.count == 3,
            let header = parts[0] == Self.ownHeader
                ? Header(alg: Issuer.Algorithm.hs256.rawValue, crit: nil) : decode(Header.self, parts[0]),
            let payload = decode(Payload.self, parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        guard let index = issuers.firstIndex(where: { $0.issuer == payload.iss }) else {
            throw .unknownIssuer
        }
        guard header.alg == issuers[index].algorithm.rawValue else { throw .wrongAlgorithm }
        guard header.crit == nil else { throw .malformed }
        let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        // Anyone can sign with an empty key.
        guard !keys[index].isEmpty, let expected = Cryptography.hmacSHA256(key: keys[index], signed),
            Cryptography.areEqual(expected, signature)
        else { throw .badSignature }
        guard payload.aud?.names.contains(issuers[index].audience) == true else { throw .wrongAudience }
        guard let subject = payload.sub, !subject.isEmpty, subject.utf8.count <= 128,
            let session = payload.sid,
            let end = payload.exp, end.isFinite
        else { throw .incomplete }
        let claims = Claims(
            subject: subject, session: session, roles: payload.roles ?? [], expiresAt: Timestamp(seconds: end)
        )
        return VerifiedTokens.Entry(claims: claims, start: payload.nbf, end: end)
    }

    /// A token for `claims`, signed by the first issuer. Nil where there is none, or libcrypto fails.
    public func sign(_ claims: Claims, now: Timestamp) -> String? {
        guard let issuer = issuers.first, let key = keys.first, !key.isEmpty else { return nil }
        let payload = Payload(
            iss: issuer.issuer, aud: Audience(issuer.audience), sub: claims.subject, sid: claims.session,
            roles: claims.roles.isEmpty ? nil : claims.roles, iat: Double(now.milliseconds / 1_000), nbf: nil,
            exp: claims.expiresAt.map { Double($0.milliseconds / 1_000) })
        guard let body = try? JSON.encode(payload) else { return nil }
        let header =
            switch issuer.algorithm {
            case .hs256: Self.ownHeader
            }
        let signed = header + "." + Base64URL.encode(Array(body.utf8))
        return Cryptography.hmacSHA256(key: key, Array(signed.utf8)).map {
            signed + "." + Base64URL.encode($0)
        }
    }

    private func decode<T: Decodable>(_ type: T.Type, _ part: Substring) -> T? {
        Base64URL.decode(part).flatMap { try? JSON.decoder.decode(type, from: Data($0)) }
    }
}
