import Wire
import Base
@testable import LocalHost
import Runtime
import Testing

@Suite struct HTTPTests {
    static let echo = Route(
        "echo", on: .http(method: "POST", path: "/echo"), .http(method: "GET", path: "/echo"))
    static let small: Route = {
        var limits = Limits()
        limits.body = 8
        return Route("small", on: .http(method: "POST", path: "/small"), limits: limits)
    }()

    @Test func requestsOfOneConnection_areAnsweredOneAfterTheOther() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            for index in 0..<3 {
                let answer = try client.exchange("POST", "/echo", body: "\(index)")
                #expect(answer.status == 200 && answer.text == "\(index)")
                #expect(answer.headers["Connection"] == nil && answer.headers["Date"] != nil)
            }
        }
    }

    @Test func pipelinedRequests_areAnsweredInOrder_slowOnesToo() async throws {
        let gate = Gate()
        let slow = Route("slow", on: .http(method: "POST", path: "/slow")) { input, _ in
            await gate.pass()
            return input
        }
        try await serve([Self.echo, slow]) { server in
            let client = try server.client()
            try client.send(
                request("POST", "/slow", body: "1") + request("POST", "/echo", body: "2")
                    + request("GET", "/none")
                    + request("POST", "/echo", body: "4"))
            let other = try server.client()
            #expect(try other.exchange("POST", "/echo", body: "5").text == "5")
            gate.open()
            #expect(try client.response().text == "1")
            #expect(try client.response().text == "2")
            #expect(try client.response().status == 404)
            #expect(try client.response().text == "4")
        }
    }

    @Test func thousandsOfPipelinedRequests_areAllAnswered() async throws {
        var limits = HostLimits()
        limits.pipelinedBytes = 4_096
        try await serve([Self.echo], limits: limits) { server in
            for target in ["/", "/healthz", "/metrics", "/echo"] {
                let client = try server.client()
                let count = target == "/metrics" ? 500 : 4_000
                let text = String(repeating: "GET \(target) HTTP/1.1\r\nHost:\r\n\r\n", count: count)
                let writer = try SystemThread(named: "writer") { [descriptor = client.descriptor] in
                    Client.sendAll(Array(text.utf8), to: descriptor)
                }
                for _ in 0..<count {
                    let status = try client.response().status
                    #expect(status == (target == "/" ? 404 : 200))
                }
                writer.join()
            }
        }
    }

    @Test func request_maySplitAnywhere() async throws {
        try await serve([Self.echo]) { server in
            let text = Array(
                ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\"ab\r\n2;x=y\r\nc\"\r\n0\r\n\r\n"
                    + request("POST", "/echo", body: "[1]")).utf8)
            let client = try server.client()
            for split in 1..<text.count {
                try client.send(text[..<split])
                // The answer to another request: by then the first part has been read.
                if split % 16 == 0 { _ = try server.client().exchange("GET", "/healthz") }
                try client.send(text[split...])
                #expect(try client.response().text == "\"abc\"")
                #expect(try client.response().text == "[1]")
            }
        }
    }

    @Test func expectContinue_isAnsweredFirst_butNotWhereTheBodyIsTooLarge() async throws {
        try await serve([Self.echo, Self.small]) { server in
            let client = try server.client()
            try client.send(request("POST", "/small", "Expect: 100-continue\r\nContent-Length: 3\r\n"))
            #expect(try client.response().status == 100)
            try client.send("123")
            #expect(try client.response().text == "123")
            // With its body at hand there is nothing to wait for.
            #expect(try client.exchange("POST", "/echo", "Expect: 100-continue\r\n", body: "7").text == "7")
            try client.send(request("POST", "/small", "Expect: 100-continue\r\nContent-Length: 9\r\n"))
            #expect(try client.response().status == 413)
            #expect(client.hasEnded())
        }
    }

    @Test func head_hasNoContent_andLeavesTheConnectionOpen() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            let head = try client.exchange("HEAD", "/echo?a=1")
            #expect(head.status == 200 && head.headers["Content-Length"] == "9")
            #expect(try client.exchange("HEAD", "/none").status == 404)
            #expect(try client.exchange("GET", "/echo?a=1").text == #"{"a":"1"}"#)
        }
    }

    @Test func query_isTheInput_firstOfARepeatedNameCounts() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            #expect(
                try client.exchange("GET", "/echo?b=x%22+y&a=1&a=2&c").text
                    == #"{"a":"1","b":"x\" y","c":""}"#)
            #expect(try client.exchange("GET", "/echo").text == "{}")
        }
    }

    @Test func unknownPath_isSuggestedAnother_andUnknownMethodTold() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            let missing = try client.exchange("POST", "/ecko", body: "1")
            #expect(missing.status == 404 && missing.text.contains("Did you mean /echo?"))
            let method = try client.exchange("DELETE", "/echo")
            #expect(method.status == 405 && method.headers["Allow"] == "GET, POST, HEAD, OPTIONS")
            let metrics = try client.exchange("POST", "/metrics", body: "1")
            #expect(metrics.status == 405 && metrics.headers["Allow"] == "GET, HEAD, OPTIONS")
        }
    }

    @Test(arguments: [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n1",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n1",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\nHost: a\n\n", "POST /echo HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n",
    ])
    func ambiguousRequest_isRefused_andNothingBehindItIsRead(text: String) async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            try client.send(text + request("POST", "/echo", body: "\"smuggled\""))
            let answer = try client.response()
            #expect(answer.status == 400, "\(answer)")
            #expect(answer.headers["Content-Type"] == "application/problem+json")
            #expect(answer.headers["Connection"] == "close")
            #expect(client.hasEnded())
        }
    }

    @Test func limits_haveStatusesOfTheirOwn() async throws {
        try await serve([Self.echo, Self.small]) { server in
            let long = String(repeating: "a", count: 40_000)
            for (text, status) in [
                (request("POST", "/small", body: "123456789"), 413),
                ("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789", 413),
                ("GET /\(long) HTTP/1.1\r\n", 414),
                ("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n", 431),
                ("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417),
            ] {
                let client = try server.client()
                try client.send(text)
                let answer = try client.response()
                #expect(answer.status == status && answer.headers["Connection"] == "close")
                #expect(client.hasEnded())
            }
        }
    }

    @Test func refusal_reachesAClientThatIsStillSending() async throws {
        try await serve([Self.small]) { server in
            let client = try server.client()
            try client.send(request("POST", "/small", "Content-Length: 3000000\r\n"))
            let part = [UInt8](repeating: 0x31, count: 1_000_000)
            for _ in 0..<3 { try client.send(part) }
            #expect(try client.response().status == 413)
            #expect(client.hasEnded())
        }
    }

    @Test func halfARequest_isTimedOut_andAnIdleConnectionClosedSilently() async throws {
        var limits = HostLimits()
        limits.requestTime = .milliseconds(50)
        limits.idleTime = .milliseconds(600)
        try await serve([Self.echo], limits: limits) { server in
            let idle = try server.client()
            let half = try server.client()
            try half.send("POST /echo HTTP/1.1\r\nHo")
            let answer = try half.response()
            #expect(answer.status == 408 && answer.headers["Connection"] == "close")
            #expect(half.hasEnded())
            #expect(idle.hasEnded())
        }
    }

    @Test func http10_andConnectionClose_endTheConnectionBehindTheAnswer() async throws {
        try await serve([Self.echo]) { server in
            let old = try server.client()
            try old.send("GET /echo?a=1 HTTP/1.0\r\n\r\n")
            #expect(try old.response().text == #"{"a":"1"}"#)
            #expect(old.hasEnded())
            let kept = try server.client()
            for _ in 0..<2 {
                try kept.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try kept.response().headers["Connection"] == "keep-alive")
            }
            let closing = try server.client()
            let answer = try closing.exchange("GET", "/echo", "Connection: close\r\n")
            #expect(answer.status == 200 && answer.headers["Connection"] == "close")
            #expect(closing.hasEnded())
        }
    }

    @Test func idsOfTheCaller_areTaken_oddOnesReplaced() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            #expect(
                try client.exchange("GET", "/echo", "X-Request-Id: my-1\r\n").headers["X-Request-Id"]
                    == "my-1")
            for odd in ["a b", "\"", String(repeating: "x", count: 129), "a\r\nX-Request-Id: b", "ü"] {
                let id = try client.exchange("GET", "/echo", "X-Request-Id: \(odd)\r\n").headers[
                    "X-Request-Id"]
                #expect(id?.hasPrefix("req_") == true)
            }
            let refused = try client.exchange("GET", "/none", "X-Request-Id: my-2\r\n")
            #expect(refused.headers["X-Request-Id"] == "my-2" && refused.text.contains(#""instance":"my-2""#))
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            let answer = try client.exchange("GET", "/echo", "traceparent: \(trace)\r\n").headers[
                "traceparent"]
            #expect(answer?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true && answer != trace)
            #expect(try client.exchange("GET", "/echo", "traceparent: odd\r\n").headers["traceparent"] != nil)
        }
    }

    @Test func securityHeaders_areOnEveryAnswer() async throws {
        try await serve([Self.echo]) { server in
            for text in [
                request("GET", "/echo"), request("GET", "/none"), request("DELETE", "/echo"),
                request("POST", "/echo", body: "{"), "broken\r\n\r\n", request("GET", "/metrics"),
                request("GET", "/healthz"), request("GET", "/readyz"), request("GET", "/socket.io/"),
                request(
                    "GET", "/socket.io/?EIO=4&transport=websocket",
                    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n"),
            ] {
                let client = try server.client()
                try client.send(text)
                let headers = try client.response().headers
                #expect(headers["X-Frame-Options"] == "DENY", "\(text)")
                #expect(headers["X-Content-Type-Options"] == "nosniff", "\(text)")
                #expect(headers["X-XSS-Protection"] == "1; mode=block", "\(text)")
            }
        }
    }

    @Test func tokens_areAskedFor_andRatesTold() async throws {
        var limits = Limits()
        limits.rate = [Rate(count: 2, window: .seconds(3_600))]
        let own = Route("own", on: .http(method: "GET", path: "/own"), access: .authenticated, limits: limits)
        {
            _, context in
            .string(try context.subject)
        }
        try await serve([own, .login]) { server in
            let client = try server.client()
            let refused = try client.exchange("GET", "/own")
            #expect(refused.status == 401 && refused.headers["WWW-Authenticate"] == "Bearer")
            let field = "Authorization: Bearer \(try server.token(of: "ada"))\r\n"
            for remaining in [1, 0] {
                let answer = try client.exchange("GET", "/own", field)
                #expect(answer.text == "\"ada\"" && answer.headers["X-RateLimit-Remaining"] == "\(remaining)")
            }
            let exceeded = try client.exchange("GET", "/own", field)
            #expect(exceeded.status == 429 && exceeded.headers["Retry-After"] != nil)
            #expect(exceeded.headers["RateLimit-Policy"] == #""default";q=2;w=3600"#)
        }
    }

    @Test func forwardedAddress_isBelievedOfTrustedProxiesOnly() async throws {
        var limits = Limits()
        limits.rate = [Rate(count: 1, window: .seconds(3_600))]
        let limited = Route("limited", on: .http(method: "GET", path: "/limited"), limits: limits) {
            _, context in
            .string(context.address ?? "")
        }
        for (proxies, expected) in [(["127.0.0.1"], [200, 200, 429]), ([], [200, 429, 429])] {
            try await serve([limited], proxies: proxies) { server in
                let client = try server.client()
                let statuses = try ["10.0.0.1", "9.9.9.9, 10.0.0.2", "10.0.0.1, 127.0.0.1"].map {
                    try client.exchange("GET", "/limited", "X-Forwarded-For: \($0)\r\n").status
                }
                #expect(statuses == expected)
            }
        }
    }

    @Test func metricsHealthAndReadiness_areAnswered() async throws {
        try await serve([Self.echo]) { server in
            let client = try server.client()
            _ = try client.exchange("GET", "/echo")
            let metrics = try client.exchange("GET", "/metrics").text
            #expect(
                metrics.contains(
                    #"gestaloka_invocations_total{function="echo",trigger="http",status="200"} 1"#))
            #expect(metrics.contains("gestaloka_connections 1"))
            #expect(try client.exchange("GET", "/healthz").text == #"{"status":"ok"}"#)
            #expect(try client.exchange("GET", "/readyz").text == #"{"status":"ready"}"#)
        }
    }
}
