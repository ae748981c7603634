/// The head of a response as a client reads it.
public struct HTTPResponseHead: Sendable, Equatable {
    /// 101, or 200 to 599: interim responses are passed over.
    public let status: Int
    public let headers: HTTPHeaders
    /// Whether another response may follow on the connection.
    public let keepsAlive: Bool
}

/// Why bytes are not a response that may be read. The connection cannot be read any further.
public enum HTTPResponseError: Error, Equatable, CustomStringConvertible {
    /// It is not HTTP/1.1, or its framing is wrong; says what is.
    case malformed(String)
    /// Its head or its content is longer than the limit.
    case tooLong
    /// The connection ended before the response did.
    case cut

    public var description: String {
        switch self {
        case .malformed(let detail): detail
        case .tooLong: "it is too long"
        case .cut: "it ends before its end"
        }
    }

    init(_ error: HTTPParseError) {
        self = [413, 431].contains(error.status) ? .tooLong : .malformed(error.detail)
    }
}
