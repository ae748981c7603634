import Testing
import Wire

@Suite struct WebSocketHandshakeTests {
    private static let fields = [
        "Host": "a", "Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
    ]

    private func request(_ line: String = "GET /s HTTP/1.1", _ changes: [String: String?] = [:]) throws
        -> HTTPRequest
    {
        var fields = Self.fields
        for (name, value) in changes { fields[name] = value }
        let head = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try #require(HTTPParsing("\(line)\r\n\(head)\r\n").requests.first)
    }

    @Test func handshake_ofTheRFC_isAccepted() throws {
        #expect(try WebSocketHandshake.check(request()) == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(WebSocketHandshake.guid == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        var output: [UInt8] = []
        WebSocketHandshake.response(accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            .encode(into: &output, toHead: false, keepAlive: true, date: "")
        #expect(
            String(decoding: output, as: UTF8.self)
                == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    }

    @Test(
        arguments: [
            (405, "POST /s HTTP/1.1", [:]), (400, "GET /s HTTP/1.0", [:]),
            (426, "GET /s HTTP/1.1", ["Upgrade": nil]), (426, "GET /s HTTP/1.1", ["Upgrade": "h2c"]),
            (400, "GET /s HTTP/1.1", ["Connection": nil]), (400, "GET /s HTTP/1.1", ["Connection": "close"]),
            (426, "GET /s HTTP/1.1", ["Sec-WebSocket-Version": "8"]),
            (426, "GET /s HTTP/1.1", ["Sec-WebSocket-Version": nil]),
            (400, "GET /s HTTP/1.1", ["Sec-WebSocket-Key": nil]),
            (400, "GET /s HTTP/1.1", ["Sec-WebSocket-Key": ""]),
            (400, "GET /s HTTP/1.1", ["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ="]),
            (400, "GET /s HTTP/1.1", ["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZTE2"]),
            (400, "GET /s HTTP/1.1", ["Sec-WebSocket-Key": "dGhlIHNhbXBsZ!Bub25jZQ=="]),
        ] as [(Int, String, [String: String?])])
    func handshake_isRefused_withItsStatus(status: Int, line: String, changes: [String: String?]) throws {
        let request = try request(line, changes)
        let error = #expect(throws: WebSocketHandshakeError.self) { try WebSocketHandshake.check(request) }
        #expect(error?.status == status)
        if status == 426 {
            #expect(error?.headers["Sec-WebSocket-Version"] == "13")
            #expect(error?.headers["Upgrade"] == "websocket")
        }
    }

    @Test func response_namesWhatWasTaken() {
        let response = WebSocketHandshake.response(
            accept: "x", subprotocol: "gestaloka.v1", extensions: "permessage-deflate")
        #expect(response.status == 101)
        #expect(response.headers["Sec-WebSocket-Protocol"] == "gestaloka.v1")
        #expect(response.headers["Sec-WebSocket-Extensions"] == "permessage-deflate")
        #expect(WebSocketHandshake.response(accept: "x").headers["Sec-WebSocket-Extensions"] == nil)
    }

    @Test(
        arguments: [
            (nil, []), ("", []), ("chat", ["chat"]),
            (" chat ,superchat,, a.b ", ["chat", "superchat", "a.b"]),
            ("chat, chat, Chat", ["chat", "Chat"]), ("a b, c;d, \"e\", f/g, h", ["h"]),
        ] as [(String?, [String])])
    func subprotocols_areReadInOrder(field: String?, offered: [String]) throws {
        let request = try request("GET /s HTTP/1.1", ["Sec-WebSocket-Protocol": field])
        #expect(WebSocketHandshake.subprotocols(offeredBy: request) == offered)
    }

    @Test func subprotocol_isTheFirstOffered_thatIsSpoken() throws {
        let request = try request("GET /s HTTP/1.1", ["Sec-WebSocket-Protocol": "v3, v2, V1, v1"])
        #expect(WebSocketHandshake.subprotocol(offeredBy: request, among: ["v1", "v2"]) == "v2")
        #expect(WebSocketHandshake.subprotocol(offeredBy: request, among: ["v9"]) == nil)
        #expect(WebSocketHandshake.subprotocol(offeredBy: request, among: []) == nil)
    }
}
