internal import Base
internal import Functions

/// What an authorizer of API Gateway says of the caller, as the claims of a token (RFC 7519).
///
/// Authorizers write numbers as numbers or as strings, and a JWT authorizer writes an array as one string, its
/// elements between brackets and separated by blanks.
enum APIGatewayClaims {
    /// The claims of an HTTP event's `requestContext.authorizer`; nil where it names nobody, as an IAM authorizer, or a
    /// token without a subject (`sub` is optional: RFC 7519 section 4.1.2).
    static func ofHTTP(_ authorizer: ForeignObject) throws(EventFault) -> Claims? {
        if let jwt = try authorizer.object("jwt") { return try claims(jwt.requiredObject("claims")) }
        guard let context = try authorizer.object("lambda") else { return nil }
        return try claims(context)
    }

    /// The claims that a Lambda authorizer leaves in a WebSocket event's `requestContext.authorizer`.
    static func ofSocket(_ authorizer: ForeignObject) throws(EventFault) -> Claims? { try claims(authorizer) }

    /// `sub`, `sid`, `roles` and `exp`; a Lambda authorizer without `sub` has `principalId`.
    private static func claims(_ members: ForeignObject) throws(EventFault) -> Claims? {
        let name = members.has("sub") ? "sub" : "principalId"
        guard let subject = try members.text(name) else { return nil }
        guard (1...128).contains(subject.utf8.count) else {
            throw members.fault(name, "must have 1 to 128 bytes")
        }
        return Claims(
            subject: subject, session: try members.text("sid"), roles: try roles(members),
            expiresAt: try expiry(members))
    }

    private static func roles(_ members: ForeignObject) throws(EventFault) -> [String] {
        guard let value = members.value("roles") else { return [] }
        guard let list = JSONScanner.string(of: value) else {
            guard let roles = strings(value) else {
                throw members.fault("roles", "must be an array of strings, or such a list in a string")
            }
            return roles
        }
        if let roles = strings(list) { return roles }
        var bytes = list.utf8[...]
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
            bytes = bytes.dropFirst().dropLast()
        }
        return bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }.map {
            String(Substring($0))
        }
    }

    /// A JSON array of strings.
    private static func strings(_ json: String) -> [String]? {
        guard let elements = JSONScanner.elements(of: json) else { return nil }
        let texts = elements.compactMap { JSONScanner.string(of: $0) }
        return texts.count == elements.count ? texts : nil
    }

    /// Seconds since 1970, fractions allowed.
    private static func expiry(_ members: ForeignObject) throws(EventFault) -> Timestamp? {
        guard let value = members.value("exp") else { return nil }
        let text = JSONScanner.string(of: value) ?? value
        guard text.utf8.allSatisfy({ "0123456789.+-eE".utf8.contains($0) }), let seconds = Double(text),
            seconds.isFinite
        else { throw members.fault("exp", "must be seconds since 1970") }
        return Timestamp(seconds: seconds)
    }
}
