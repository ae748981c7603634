/// What two sides agreed on of permessage-deflate (RFC 7692 7.1), the compression of WebSocket messages.
///
/// A server takes `PerMessageDeflate.negotiate(request.headers)`; where that is something, it answers with
/// `answer` and makes a `WebSocketDeflater` and a `WebSocketDecoder(deflate:)` of it.
public struct PerMessageDeflate: Sendable, Equatable {
    /// The name of the extension.
    public static let name = "permessage-deflate"
    /// What a window may have: 2 to the power of so many octets (RFC 7692 7.1.2).
    public static let windowBits = 8...15

    /// What the server would have, within what a client offers.
    public struct Settings: Sendable, Equatable {
        /// The largest window of the server's own compression, in bits (9 to 15).
        public var serverWindowBits: Int
        /// The largest window that clients which can be told shall compress with, in bits (9 to 15).
        public var clientWindowBits: Int
        /// Whether each message of the server is compressed by itself. That compresses less, but no state is
        /// kept between messages, and one compressed message can be sent to many.
        public var serverNoContextTakeover: Bool
        /// Whether clients shall compress each message by itself, so that no window is kept for them.
        public var clientNoContextTakeover: Bool

        /// Settings that differ from the standard ones where named; window bits are brought into their range.
        /// Windows of 4 KiB both ways take some 50 KiB a connection, those of 32 KiB some 300.
        public init(
            serverWindowBits: Int = 12, clientWindowBits: Int = 12, serverNoContextTakeover: Bool = false,
            clientNoContextTakeover: Bool = false
        ) {
            self.serverWindowBits = min(max(serverWindowBits, 9), 15)
            self.clientWindowBits = min(max(clientWindowBits, 9), 15)
            self.serverNoContextTakeover = serverNoContextTakeover
            self.clientNoContextTakeover = clientNoContextTakeover
        }

        /// What a host uses unless it knows better.
        public static let standard = Settings()
    }

    /// Whether the server compresses each message by itself.
    public let serverNoContextTakeover: Bool
    /// Whether the client compresses each message by itself.
    public let clientNoContextTakeover: Bool
    /// The server's window, in bits.
    public let serverWindowBits: Int
    /// The client's window, in bits.
    public let clientWindowBits: Int
    /// The value of the response's `Sec-WebSocket-Extensions`.
    public let answer: String

    /// The server's answer to an offer; nil where the server cannot compress as the client asks.
    public init?(_ offer: Offer, settings: Settings = .standard) {
        let serverBits = min(settings.serverWindowBits, offer.serverMaxWindowBits ?? 15)
        // zlib's raw deflate has no window of 256 octets.
        guard serverBits >= 9 else { return nil }
        serverWindowBits = serverBits
        serverNoContextTakeover = offer.serverNoContextTakeover || settings.serverNoContextTakeover
        clientNoContextTakeover = offer.clientNoContextTakeover || settings.clientNoContextTakeover
        // A client that does not know the parameter may not be told (RFC 7692 7.1.2.2).
        let clientBits = offer.clientMaxWindowBits.map { min($0, settings.clientWindowBits) }
        clientWindowBits = clientBits ?? 15

        var answer = Self.name
        if serverNoContextTakeover { answer += "; server_no_context_takeover" }
        if clientNoContextTakeover { answer += "; client_no_context_takeover" }
        if offer.serverMaxWindowBits != nil { answer += "; server_max_window_bits=\(serverBits)" }
        if let clientBits, clientBits < 15 { answer += "; client_max_window_bits=\(clientBits)" }
        self.answer = answer
    }

    /// The answer to the first offer of a request that the server can take; nil where there is none, and the
    /// connection opens without compression.
    public static func negotiate(
        _ headers: HTTPHeaders, settings: Settings = .standard
    ) -> PerMessageDeflate? {
        for offer in Offer.offers(in: headers) {
            if let agreed = PerMessageDeflate(offer, settings: settings) { return agreed }
        }
        return nil
    }
}
