/// In which field a proxy says for whom it asks: `forwarded-header` of the manifest.
///
/// One of them counts and the other never does: a proxy that writes the one hands on the other as its client sent it.
public enum ForwardedHeader: String, Sendable, Equatable, CaseIterable {
    /// A list of addresses, the last proxy's client behind the others.
    case xForwardedFor = "X-Forwarded-For"
    /// RFC 7239.
    case forwarded = "Forwarded"
}
