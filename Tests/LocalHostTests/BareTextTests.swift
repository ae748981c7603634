import Base
@testable import LocalHost
import Runtime
import Testing
import TestSupport
import Wire

/// A client of a plain WebSocket, one step at a time.
private final class PlainClient {
    private let client: Client
    private var decoder = WebSocketDecoder(role: .client)

    init(_ server: Server, _ path: String) throws {
        client = try server.client()
        try client.send(request("GET", path, SocketClient.fields))
        let response = try client.response()
        guard response.status == 101 else { throw ClientError.refused(response.status) }
    }

    func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) throws {
        var bytes: [UInt8] = []
        WebSocketEncoder.frame(opcode, payload, into: &bytes, maskedWith: 0x1234_5678)
        try client.send(bytes)
    }

    func message() throws -> WebSocketDecoder.Message? {
        while true {
            if let message = try decoder.next() { return message }
            decoder.append(try client.receive())
        }
    }

    func exchange(_ text: String) throws -> WebSocketDecoder.Message? {
        try send(.text, Array(text.utf8))
        return try message()
    }
}

/// Plain WebSockets whose messages are no JSON.
@Suite struct BareTextTests {
    private static let connect = Route("connect", on: .websocket(path: "/parrot", route: "$connect"))
    private static let parrot = Route(
        "parrot", on: .websocket(path: "/parrot", route: "$default"), handler: "Parrot")
    private static let json = Route("json", on: .websocket(path: "/json", route: "$default"))

    @Test(arguments: [
        "Hello", "", " ", "\"Hello\"", "{\"a\": 1}", "12", " 12 ", "nul", "[1,", "城\u{0}\n\\",
        #"{"$binary":1}"#,
    ])
    func text_comesBackToTheByte(text: String) async throws {
        try await serve([Self.connect, Self.parrot]) { server in
            let client = try PlainClient(server, "/parrot")
            #expect(try client.exchange(text) == .text(text), "posted")
            #expect(try client.message() == .text(text), "answered")
        }
    }

    @Test func deepJSON_isTextToo() async throws {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        try await serve([Self.parrot]) { server in
            let client = try PlainClient(server, "/parrot")
            #expect(try client.exchange(deep) == .text(deep))
        }
    }

    @Test func bytes_areNoText() async throws {
        try await serve([Self.parrot]) { server in
            let client = try PlainClient(server, "/parrot")
            try client.send(.binary, [1, 2])
            guard case .text(let problem)? = try client.message() else { throw ClientError.notHTTP }
            #expect(problem.contains("The input must be text, not bytes."))
        }
    }

    @Test(arguments: [("Hello", #""Hello""#), (#""Hello""#, #""Hello""#), ("[1, 2]", "[1,2]"), ("12", "12")])
    func functionOfJSON_isAsItWas(text: String, answer: String) async throws {
        try await serve([Self.json]) { server in
            let client = try PlainClient(server, "/json")
            #expect(try client.exchange(text) == .text(answer))
            try client.send(.binary, [1, 2])
            #expect(try client.message() == .binary([1, 2]))
        }
    }

    @Test func binaryMessageOfTheLargestSize_passes() async throws {
        let limits = Limits(body: 1_000_000)
        let echo = Route("echo", on: .websocket(path: "/echo", route: "$default"), limits: limits)
        try await serve([echo]) { server in
            let client = try PlainClient(server, "/echo")
            let bytes = [UInt8](repeating: 7, count: 1_000_000)
            try client.send(.binary, bytes)
            #expect(try client.message() == .binary(bytes))
        }
    }
}
