internal import Base

extension PerMessageDeflate {
    /// One offer of a client: an element of its `Sec-WebSocket-Extensions` (RFC 7692 7.1).
    public struct Offer: Sendable, Equatable {
        /// The client asks the server to compress each message by itself.
        public var serverNoContextTakeover = false
        /// The client says that it will compress each message by itself.
        public var clientNoContextTakeover = false
        /// The largest window, in bits, that the server may compress with; nil where the client sets none.
        public var serverMaxWindowBits: Int?
        /// The largest window, in bits, that the client would compress with, 15 where it names no number; nil
        /// where the client cannot be told.
        public var clientMaxWindowBits: Int?

        /// An offer without parameters.
        public init() {}

        /// The offer of one extension; nil where it is another extension, or has a parameter that is unknown,
        /// stands twice, or has a value that it may not have (RFC 7692 7.1: such an offer is declined).
        init?(_ element: WebSocketExtension) {
            guard ASCII.equalIgnoringCase(element.name, PerMessageDeflate.name) else { return nil }
            var seen: Set<String> = []
            for parameter in element.parameters {
                guard seen.insert(parameter.name).inserted else { return nil }
                switch (parameter.name, parameter.value) {
                case ("server_no_context_takeover", nil): serverNoContextTakeover = true
                case ("client_no_context_takeover", nil): clientNoContextTakeover = true
                case ("server_max_window_bits", let value?):
                    guard let bits = Self.bits(value) else { return nil }
                    serverMaxWindowBits = bits
                case ("client_max_window_bits", let value):
                    guard let bits = value == nil ? 15 : value.flatMap({ Self.bits($0) }) else { return nil }
                    clientMaxWindowBits = bits
                default: return nil
                }
            }
        }

        /// The acceptable offers of a request, those that the client would rather have first. Offers that are
        /// to be declined, other extensions and what is no extension are left out.
        public static func offers(in headers: HTTPHeaders) -> [Offer] {
            headers.values("sec-websocket-extensions").flatMap { WebSocketExtension.list($0) }
                .compactMap { Offer($0) }
        }

        /// A decimal number from 8 to 15 without leading zeros.
        private static func bits(_ value: String) -> Int? {
            let digits = value.utf8
            guard digits.count <= 2, digits.first != ASCII.zero, digits.allSatisfy(ASCII.isDigit),
                let bits = Int(value), PerMessageDeflate.windowBits.contains(bits)
            else { return nil }
            return bits
        }
    }
}
