/// How much of everything one HTTP message may bring, in octets unless it says otherwise. The statuses are a server's
/// answers to a request.
public struct HTTPLimits: Sendable, Equatable {
    /// The request line without its CRLF; beyond it 414.
    public var requestLineBytes: Int
    /// The method; beyond it 501 (RFC 9112 3). No method of the IANA registry has more than 18.
    public var methodBytes: Int
    /// All field lines of a head with their CRLFs; beyond it 431.
    public var headerBytes: Int
    /// The number of field lines of a head, and of a trailer section; beyond it 431.
    public var headerCount: Int
    /// The body where the caller sets no other limit after the head; beyond it 413.
    public var bodyBytes: Int
    /// The line before a chunk (size and extensions) without its CRLF; beyond it 400.
    public var chunkLineBytes: Int
    /// The extensions of all chunks of a body; beyond it 400. Without it a small body could hide any amount.
    public var chunkExtensionBytes: Int
    /// The trailer section of a chunked body with its CRLFs; beyond it 431.
    public var trailerBytes: Int
    /// The number of empty lines that are passed over before a message (RFC 9112 2.2).
    public var leadingEmptyLines: Int

    /// Limits that differ from the standard ones where named.
    public init(
        requestLineBytes: Int = 8 * 1024, methodBytes: Int = 32, headerBytes: Int = 32 * 1024,
        headerCount: Int = 100,
        bodyBytes: Int = 1024 * 1024, chunkLineBytes: Int = 1024, chunkExtensionBytes: Int = 8 * 1024,
        trailerBytes: Int = 8 * 1024, leadingEmptyLines: Int = 2
    ) {
        self.requestLineBytes = requestLineBytes
        self.methodBytes = methodBytes
        self.headerBytes = headerBytes
        self.headerCount = headerCount
        self.bodyBytes = bodyBytes
        self.chunkLineBytes = chunkLineBytes
        self.chunkExtensionBytes = chunkExtensionBytes
        self.trailerBytes = trailerBytes
        self.leadingEmptyLines = leadingEmptyLines
    }

    /// What a host uses unless it knows better.
    public static let standard = HTTPLimits()

    /// What a client uses for responses unless it knows better: services send longer heads than browsers. Those of
    /// interim responses, status lines included, count with the head that they precede.
    public static let response = HTTPLimits(
        headerBytes: 64 * 1024, headerCount: 1_000, bodyBytes: 4 * 1024 * 1024, chunkLineBytes: 4 * 1024,
        trailerBytes: 64 * 1024)
}
