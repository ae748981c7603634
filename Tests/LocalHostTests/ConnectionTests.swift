import Net
import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing

@Suite struct ConnectionTests {
    static let big = Route("big", on: .http(method: "GET", path: "/big")) { _, _ in
        .string(String(repeating: "x", count: 3_000_000))
    }

    @Test func clientThatEndsItsSide_stillGetsItsAnswer() async throws {
        let gate = Gate()
        let slow = Route("slow", on: .http(method: "GET", path: "/slow")) { input, _ in
            await gate.pass()
            return input
        }
        try await serve([slow, Self.big, HTTPTests.echo]) { server in
            let client = try server.client()
            try client.send(request("GET", "/slow?a=1"))
            client.endSending()
            // Whoever waits for an answer must not keep the loop awake.
            let turns = try Record()
            let (loop, host) = (server.loop, server.host)
            loop.perform {
                let before = host.assumeIsolated { $0.turns }
                _ = loop.schedule(after: .milliseconds(200)) {
                    turns.add("\(host.assumeIsolated { $0.turns } - before)")
                }
            }
            #expect((Int(turns.wait(for: 1).first ?? "") ?? .max) < 30)
            gate.open()
            #expect(try client.response().text == #"{"a":"1"}"#)
            #expect(client.hasEnded())

            let slowReader = try server.client(receiveBuffer: 4_096)
            try slowReader.send(request("GET", "/big"))
            slowReader.endSending()
            #expect(try slowReader.response().body.count == 3_000_002)
            #expect(slowReader.hasEnded())

            let half = try server.client()
            try half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-")
            half.endSending()
            #expect(half.hasEnded())
        }
    }

    @Test func clientThatVanishes_leavesNothingBehind() async throws {
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .http(method: "GET", path: "/slow")) { input, _ in
            record.add("entered")
            await gate.pass()
            return input
        }
        try await serve([slow, Self.big]) { server in
            let busy = try server.client()
            try busy.send(request("GET", "/slow"))
            _ = record.wait(for: 1)
            busy.reset()
            let half = try server.client()
            try half.send("GET /slow HTTP/1.1\r\nHo")
            half.reset()
            let reading = try server.client(receiveBuffer: 4_096)
            try reading.send(request("GET", "/big"))
            _ = try reading.receive()
            reading.reset()
            gate.open()
            let client = try server.client()
            var metrics = ""
            for _ in 0..<1_000 where !metrics.contains("gestaloka_connections 1\n") {
                metrics = try client.exchange("GET", "/metrics").text
            }
            #expect(metrics.contains("gestaloka_connections 1\n"))
        }
    }

    @Test func slowReader_doesNotDelayOthers() async throws {
        try await serve([Self.big, HTTPTests.echo]) { server in
            let slow = try server.client(receiveBuffer: 4_096)
            try slow.send(request("GET", "/big"))
            _ = try slow.receive()
            for _ in 0..<20 { #expect(try server.client().exchange("GET", "/echo").status == 200) }
        }
    }

    @Test func answersBeyondTheSendLimit_endTheConnection() async throws {
        var limits = HostLimits()
        limits.sendBytes = 100_000
        // More than the kernel takes off our hands.
        let huge = Route("huge", on: .http(method: "GET", path: "/huge")) { _, _ in
            .string(String(repeating: "x", count: 8_000_000))
        }
        try await serve([huge, HTTPTests.echo], limits: limits) { server in
            let slow = try server.client(receiveBuffer: 4_096)
            try slow.send(request("GET", "/huge"))
            let echo = try server.client().exchange("GET", "/echo")
            #expect(echo.status == 200)
            var bytes = 0
            while let part = try? slow.receive() { bytes += part.count }
            #expect(bytes < 8_000_000)
        }
    }

    @Test func connectionsBeyondTheLimit_waitForAPlace() async throws {
        var limits = HostLimits()
        limits.connections = 2
        try await serve([HTTPTests.echo], limits: limits) { server in
            let first = try server.client()
            let second = try server.client()
            _ = try first.exchange("GET", "/echo")
            _ = try second.exchange("GET", "/echo")
            let third = try server.client()
            try third.send(request("GET", "/echo"))
            first.close()
            #expect(try third.response().status == 200)
            #expect(try second.exchange("GET", "/echo").status == 200)
        }
    }

    @Test func portThatIsTaken_isSaid() async throws {
        try await serve([]) { server in
            let loop = try EventLoop()
            let port = server.port
            #expect(throws: HostError.addressInUse(host: "127.0.0.1", port: port)) {
                try Listener(host: "127.0.0.1", port: port, backlog: 1)
            }
            #expect(throws: HostError.self) { try Listener(host: "203.0.113.1", port: 0, backlog: 1) }
            #expect(throws: HostError.self) { try Listener(host: "no such name", port: 0, backlog: 1) }
            loop.stop()
        }
    }

    @Test func idleHost_sleeps() async throws {
        try await serve([]) { server in
            let client = try server.client()
            _ = try client.exchange("GET", "/healthz")
            client.endSending()
            #expect(client.hasEnded())
            let record = try Record()
            let (loop, host) = (server.loop, server.host)
            loop.perform {
                let turns = host.assumeIsolated { $0.turns }
                _ = loop.schedule(after: .milliseconds(300)) {
                    record.add("\(host.assumeIsolated { $0.turns } - turns)")
                }
            }
            // Six looks at other processes' commits, one sweep, two timers.
            #expect((Int(record.wait(for: 1).first ?? "") ?? .max) < 30)
        }
    }
}
