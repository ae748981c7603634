import Wire
import Base
@testable import LocalHost
import Runtime
import Testing

/// `OPTIONS`, and the pages of other origins: one rule for all routes.
@Suite struct CrossOriginTests {
    private static let page = "https://play.example"

    private static let post = Route("post", on: .http(method: "POST", path: "/api/post")) { _, context in
        context.log.message("done")
        return .string("done")
    }
    private static let look = Route(
        "look", on: .http(method: "GET", path: "/api/look"), .http(method: "PUT", path: "/api/look"))

    private func serve(_ body: @Sendable @escaping (Server) async throws -> Void) async throws {
        var sockets = SocketSettings()
        sockets.allowedOrigins = [Self.page]
        try await LocalHostTests.serve([Self.post, Self.look], sockets: sockets, body)
    }

    @Test func options_tellWhatAPathTakes() async throws {
        try await serve { server in
            let client = try server.client()
            for (path, allow) in [
                ("/api/post", "POST, OPTIONS"), ("/api/look", "GET, PUT, HEAD, OPTIONS"),
                ("/healthz", "GET, HEAD, OPTIONS"), ("*", "GET, HEAD, POST, PUT, OPTIONS"),
                ("/socket.io/", "GET, POST, OPTIONS"),
            ] {
                let answer = try client.exchange("OPTIONS", path)
                #expect(answer.status == 204, "\(path)")
                #expect(answer.headers["Allow"] == allow)
            }
            #expect(try client.exchange("OPTIONS", "/api/none").status == 404)
        }
    }

    @Test func anEncodedSlash_isNoSeparator() async throws {
        try await serve { server in
            let client = try server.client()
            for path in ["/api%2Fpost", "/api%2fpost", "/%2Fapi/post", "/api%252Fpost"] {
                #expect(try client.exchange("POST", path, body: "{}").status == 404, "\(path)")
            }
            #expect(try client.exchange("POST", "/api/p%6Fst", body: "{}").status == 200)
        }
    }

    @Test func aMethodThatIsTooLong_isNotImplemented() async throws {
        try await serve { server in
            let method = String(repeating: "M", count: 102_400)
            let answer = try server.client().exchange(method, "/api/post")
            #expect(answer.status == 501)
        }
    }

    @Test func aPreflight_isAnsweredForThePathsMethods() async throws {
        try await serve { server in
            let client = try server.client()
            let asks =
                "Origin: \(Self.page)\r\nAccess-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: authorization,content-type\r\n"
            for (path, methods) in [
                ("/api/post", "POST"), ("/api/look", "GET, PUT, HEAD"), ("/socket.io/", "GET, POST"),
            ] {
                let answer = try client.exchange("OPTIONS", path, asks)
                #expect(answer.status == 204, "\(path)")
                #expect(answer.headers["Access-Control-Allow-Origin"] == Self.page)
                #expect(answer.headers["Access-Control-Allow-Methods"] == methods)
                #expect(answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type")
                #expect(answer.headers["Access-Control-Max-Age"] == "600")
                let varies = answer.headers["Vary"] ?? ""
                #expect(varies.contains("Origin") && varies.contains("Access-Control-Request-Headers"))
            }
            let other = asks.replacing(Self.page, with: "https://evil.example")
            for path in ["/api/post", "/socket.io/", "/healthz"] {
                let refused = try client.exchange("OPTIONS", path, other)
                #expect(refused.status == 403, "\(path)")
                #expect(refused.headers["Access-Control-Allow-Origin"] == nil)
                #expect(refused.headers["Access-Control-Allow-Methods"] == nil)
            }
        }
    }

    @Test func anAnswer_isShownToAPageThatIsAdmitted() async throws {
        try await serve { server in
            let client = try server.client()
            for (method, path, status) in [
                ("POST", "/api/post", 200), ("GET", "/api/post", 405), ("GET", "/none", 404),
                ("GET", "/healthz", 200),
            ] {
                let answer = try client.exchange(method, path, "Origin: \(Self.page)\r\n", body: "{}")
                #expect(answer.status == status)
                #expect(answer.headers["Access-Control-Allow-Origin"] == Self.page, "\(path)")
                #expect(answer.headers["Access-Control-Expose-Headers"]?.contains("X-Request-Id") == true)
                #expect(answer.headers["Access-Control-Expose-Headers"]?.contains("Retry-After") == true)
                #expect(
                    answer.headers["Access-Control-Expose-Headers"]?.contains("X-RateLimit-Remaining") == true
                )
                #expect(answer.headers["Vary"] == "Origin")
            }
            let stream = try server.client().exchange(
                "POST", "/api/post", "Origin: \(Self.page)\r\nAccept: text/event-stream\r\n", body: "{}")
            #expect(stream.headers["Content-Type"] == "text/event-stream")
            #expect(stream.headers["Access-Control-Allow-Origin"] == Self.page)
            let own = try client.exchange(
                "POST", "/api/post", "Origin: http://localhost\r\n", body: "{}")
            #expect(own.status == 200)
            let none = try client.exchange("POST", "/api/post", body: "{}")
            #expect(none.status == 200 && none.headers["Access-Control-Allow-Origin"] == nil)
        }
    }

    @Test func aPageThatIsNotAdmitted_isRefused_andNothingIsDone() async throws {
        try await serve { server in
            let client = try server.client()
            for origin in [
                "https://evil.example", "null", Self.page + ".evil.example", "http://play.example",
            ] {
                let fields = "Origin: \(origin)\r\n"
                let refused = try client.exchange("POST", "/api/post", fields, body: "{}")
                #expect(refused.status == 403, "\(origin)")
                #expect(refused.headers["Access-Control-Allow-Origin"] == nil)
            }
            let metrics = try client.exchange("GET", "/metrics").text
            #expect(!metrics.contains(#"function="post""#))
        }
    }
}
