/// Why bytes are not a request that this parser takes. The connection cannot be read any further.
public struct HTTPParseError: Error, Equatable {
    /// The status to answer with: 400, 413, 414, 417, 431, 501 or 505.
    public let status: Int
    /// A sentence that is fit for the client; it repeats nothing that the client sent.
    public let detail: String

    /// An error with the status to answer and a text for the client.
    public init(status: Int, detail: String) {
        self.status = status
        self.detail = detail
    }

    static func bad(_ detail: String) -> HTTPParseError { HTTPParseError(status: 400, detail: detail) }

    static let contentTooLarge = HTTPParseError(
        status: 413, detail: "The body is larger than this resource takes.")
}
