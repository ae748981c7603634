internal import Base

/// The Authorization field (RFC 9110 section 11.6.2).
public enum HTTPAuthorization {
    /// The token of a field's value with the scheme `Bearer` (RFC 6750 section 2.1); nil for anything else.
    public static func bearerToken(_ value: String?) -> String? {
        guard let value, value.utf8.count > 7 else { return nil }
        let bytes = value.utf8.span
        guard let scheme = bytes.utf8Text(0..<7), ASCII.equalIgnoringCase(scheme, "bearer ") else {
            return nil
        }
        return bytes.utf8Text(7..<bytes.count)
    }
}
