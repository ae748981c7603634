public import Base
public import Functions

/// JSON Web Tokens (RFC 7519) as JWS with HS256 (RFC 7515, RFC 7518 section 3.2): checks and makes them.
///
/// The algorithm is the issuer entry's, never the token's own choice (RFC 8725 section 3.1). Header and claims are
/// strict JSON, so that no two readers see different ones (RFC 7515 section 4, RFC 7519 section 4).
public struct Tokens: Sendable {
    /// The longest token that is looked at, in bytes.
    public static let maximumLength = 4_096

    private let issuers: [Issuer]
    private let keys: [[Key]]
    private let cache = VerifiedTokens()
    /// The header of the tokens that are made here, as it stands in them: nearly every token's, and so not parsed.
    private let ownHeader: String

    private struct Key {
        let id: String?
        let bytes: [UInt8]
    }

    /// Tokens of these issuers; the first key of the first one signs. A key that is not set takes and makes nothing.
    public init(_ issuers: [Issuer]) {
        self.issuers = issuers
        keys = issuers.map { issuer in
            issuer.keys.map { Key(id: $0.id, bytes: Array(($0.secret ?? "").utf8)) }
        }
        let header = issuers.first.flatMap { issuer in
            try? JSON.encode(Header(alg: issuer.algorithm.rawValue, kid: issuer.keys.first?.id, typ: "JWT"))
        }
        ownHeader = Base64.encode(url: Array((header ?? "").utf8))
    }

    /// Why a token is refused; the texts are fit for the caller.
    public enum Refusal: String, Error, Sendable {
        case malformed = "The token cannot be read."
        case unknownIssuer = "The token's issuer is not known here."
        case unknownKey = "The token's key is not known here."
        case wrongAlgorithm = "The token's algorithm is not its issuer's."
        case badSignature = "The token's signature does not match."
        case expired = "The token has expired."
        case notYetValid = "The token is not valid yet."
        case wrongAudience = "The token is for another audience."
        case incomplete = "The token lacks a subject, a session or an end."
    }

    private struct Header: Codable {
        var alg: String
        var crit: [String]?
        var kid: String?
        var typ: String?
    }

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
            let header = header(parts[0]), let payload = decode(Payload.self, parts[1]),
            let signature = Base64.decode(url: parts[2])
        else { throw .malformed }
        let candidates = try candidates(header, payload)
        guard header.crit == nil else { throw .malformed }
        let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        let isSigned = candidates.contains { key in
            // Anyone can sign with an empty key.
            guard !key.bytes.isEmpty, let expected = Cryptography.hmacSHA256(key: key.bytes, signed) else {
                return false
            }
            return Cryptography.areEqual(expected, signature)
        }
        guard isSigned else { throw .badSignature }
        guard let subject = payload.sub, !subject.isEmpty, subject.utf8.count <= 128,
            let session = payload.sid,
            let end = payload.exp, end.isFinite
        else { throw .incomplete }
        let claims = Claims(
            subject: subject, session: session, roles: payload.roles ?? [], expiresAt: Timestamp(seconds: end)
        )
        return VerifiedTokens.Entry(claims: claims, start: payload.nbf, end: end)
    }

    /// The keys that may have signed a token: those of the entries of its issuer, one of its audiences and its
    /// algorithm, and of them the one that it names. Where it names none, as before there were several, all of them.
    private func candidates(_ header: Header, _ payload: Payload) throws(Refusal) -> [Key] {
        let ofIssuer = issuers.indices.filter { issuers[$0].issuer == payload.iss }
        guard !ofIssuer.isEmpty else { throw .unknownIssuer }
        let audiences = payload.aud?.names ?? []
        let meant = ofIssuer.filter { audiences.contains(issuers[$0].audience) }
        guard !meant.isEmpty else { throw .wrongAudience }
        let entries = meant.filter { header.alg == issuers[$0].algorithm.rawValue }
        guard !entries.isEmpty else { throw .wrongAlgorithm }
        let candidates = entries.flatMap { keys[$0] }.filter { key in
            header.kid == nil || key.id == nil || key.id == header.kid
        }
        guard !candidates.isEmpty else { throw .unknownKey }
        return candidates
    }

    private func header(_ part: Substring) -> Header? {
        guard part == ownHeader, let issuer = issuers.first else { return decode(Header.self, part) }
        return Header(alg: issuer.algorithm.rawValue, kid: issuer.keys.first?.id)
    }

    /// A token for `claims`, signed by the first issuer. Nil where there is none, or libcrypto fails.
    public func sign(_ claims: Claims, now: Timestamp) -> String? {
        guard let issuer = issuers.first, let key = keys.first?.first?.bytes, !key.isEmpty else { return nil }
        let payload = Payload(
            iss: issuer.issuer, aud: Audience(issuer.audience), sub: claims.subject, sid: claims.session,
            roles: claims.roles.isEmpty ? nil : claims.roles, iat: Double(now.milliseconds / 1_000), nbf: nil,
            exp: claims.expiresAt.map { Double($0.milliseconds / 1_000) })
        guard let body = try? JSON.encode(payload) else { return nil }
        let signed = ownHeader + "." + Base64.encode(url: Array(body.utf8))
        return Cryptography.hmacSHA256(key: key, Array(signed.utf8)).map {
            signed + "." + Base64.encode(url: $0)
        }
    }

    /// What stands for a block of addresses: 128 bits of an HMAC under the key that signs. No token's text has a blank,
    /// so that no mark says anything about a signature. Nil where there is no such key, or libcrypto fails.
    package func mark(of block: String) -> String? {
        guard let key = keys.first?.first?.bytes, !key.isEmpty else { return nil }
        return Cryptography.hmacSHA256(key: key, Array("address block \(block)".utf8)).map {
            "from_" + Base64.encode(url: Array($0.prefix(16)))
        }
    }

    private func decode<T: Decodable>(_ type: T.Type, _ part: Substring) -> T? {
        Base64.decode(url: part).flatMap { JSON.decodeStrict(type, from: $0) }
    }
}
