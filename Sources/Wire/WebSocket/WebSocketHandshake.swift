internal import Base

/// Why a request does not open a WebSocket.
public struct WebSocketHandshakeError: Error, Equatable {
    /// The status to answer with: 400, 405 or 426.
    public let status: Int
    /// A sentence that is fit for the client.
    public let detail: String
    /// The fields that the status asks for: `Allow`, `Upgrade`, `Sec-WebSocket-Version`.
    public let headers: HTTPHeaders

    /// An error with the status and fields to answer and a text for the client.
    public init(status: Int, detail: String, headers: HTTPHeaders = HTTPHeaders()) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }
}

/// The opening handshake of a server (RFC 6455 4.2), apart from the digest, which is for a library.
public enum WebSocketHandshake {
    /// What is appended to the key before its SHA-1 digest is taken (RFC 6455 1.3).
    public static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Whether a request asks for a WebSocket at all, so that `check` is due.
    public static func isRequested(by request: HTTPRequest) -> Bool {
        request.headers.contains("websocket", inList: "upgrade")
    }

    /// Checks the request of RFC 6455 4.2.1 and returns its Sec-WebSocket-Key.
    public static func check(_ request: HTTPRequest) throws(WebSocketHandshakeError) -> String {
        guard request.method == "GET" else {
            throw WebSocketHandshakeError(
                status: 405, detail: "A WebSocket opens with GET.", headers: HTTPHeaders([("Allow", "GET")]))
        }
        guard request.minorVersion >= 1 else {
            throw WebSocketHandshakeError(status: 400, detail: "A WebSocket opens over HTTP/1.1.")
        }
        guard isRequested(by: request) else {
            throw WebSocketHandshakeError(
                status: 426, detail: "This resource is a WebSocket.",
                headers: HTTPHeaders([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]))
        }
        guard request.headers.contains("upgrade", inList: "connection") else {
            throw WebSocketHandshakeError(status: 400, detail: "The Connection field does not name Upgrade.")
        }
        guard request.headers.values("sec-websocket-version") == ["13"] else {
            throw WebSocketHandshakeError(
                status: 426, detail: "This server speaks version 13 of the WebSocket protocol.",
                headers: HTTPHeaders([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]))
        }
        let keys = request.headers.values("sec-websocket-key")
        guard keys.count == 1, let key = keys.first, isKey(key) else {
            throw WebSocketHandshakeError(
                status: 400, detail: "The Sec-WebSocket-Key is not 16 octets in Base64.")
        }
        return key
    }

    /// The response that opens the WebSocket.
    ///
    /// - Parameters:
    ///   - accept: the Base64 of the SHA-1 digest of the key with `guid` behind it.
    ///   - subprotocol: the one that the server took of those offered.
    ///   - extensions: what the server took of the extensions offered: `PerMessageDeflate.answer`.
    public static func response(
        accept: String, subprotocol: String? = nil, extensions: String? = nil
    ) -> HTTPResponse {
        var headers = HTTPHeaders([
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept),
        ])
        if let subprotocol { headers.add("Sec-WebSocket-Protocol", subprotocol) }
        if let extensions { headers.add("Sec-WebSocket-Extensions", extensions) }
        return HTTPResponse(status: 101, headers: headers)
    }

    /// The subprotocols that a client offers, those that it would rather have first (RFC 6455 4.1). What is no
    /// token, or stands there again, is left out.
    public static func subprotocols(offeredBy request: HTTPRequest) -> [String] {
        var offered: [String] = []
        var seen: Set<String> = []
        for value in request.headers.values("sec-websocket-protocol") {
            for element in HTTPGrammar.listElements(value) {
                let name = String(element)
                if HTTPGrammar.isToken(name), seen.insert(name).inserted { offered.append(name) }
            }
        }
        return offered
    }

    /// The subprotocol to open with: the first of those offered that the server speaks, as its case is; nil
    /// where there is none, so that the response names none, and the client decides whether to go on.
    public static func subprotocol(offeredBy request: HTTPRequest, among spoken: [String]) -> String? {
        guard !spoken.isEmpty else { return nil }
        return subprotocols(offeredBy: request).first { spoken.contains($0) }
    }

    /// 16 octets are 22 digits of Base64 and two signs of padding (RFC 4648 4).
    private static func isKey(_ key: String) -> Bool {
        guard key.utf8.count == 24, key.utf8.suffix(2).elementsEqual("==".utf8) else { return false }
        return key.utf8.dropLast(2).allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, ASCII.plus, ASCII.slash: true
            default: false
            }
        }
    }
}
