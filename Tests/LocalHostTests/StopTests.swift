import Wire
import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing

@Suite struct StopTests {
    private static func slow(_ record: Record, _ gate: Gate) -> Route {
        Route(
            "slow", on: .http(method: "GET", path: "/slow"), .socket(event: "slow")
        ) { input, _ in
            record.add("entered")
            await gate.pass()
            return input
        }
    }

    @Test func stop_answersWhatIsInFlight_andClosesTheRest() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
                record.add("left")
                return .null
            }
            let server = try await Server([Self.slow(record, gate), left])
            let busy = try server.client()
            try busy.send(request("GET", "/slow?a=1"))
            let socket = try server.socket()
            _ = record.wait(for: 1)
            let idle = try server.client()
            _ = try idle.exchange("GET", "/nothing")
            async let first = server.host.stop()
            while await !server.host.isStopping {}
            async let second = server.host.stop()
            #expect(idle.hasEnded())
            #expect(try socket.closeCode() == 1001)
            #expect(throws: ClientError.self) { try server.client() }
            gate.open()
            let answer = try busy.response()
            #expect(answer.text == #"{"a":"1"}"# && answer.headers["Connection"] == "close")
            #expect(busy.hasEnded())
            #expect(await first == 0)
            #expect(await second == 0)
            #expect(record.all == ["entered", "left"])
            #expect(await server.close() == 0)
        }
    }

    @Test func whoWatchesTheHost_isToldThatItStops() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            let server = try await Server([Self.slow(record, gate)])
            let monitor = try server.client()
            #expect(try monitor.exchange("GET", "/readyz").status == 200)
            let busy = try server.client()
            try busy.send(request("GET", "/slow"))
            _ = record.wait(for: 1)
            async let left = server.host.stop()
            while await !server.host.isStopping {}
            let answer = try monitor.exchange("GET", "/readyz")
            #expect(answer.status == 503 && answer.text == #"{"status":"not ready"}"#)
            #expect(monitor.hasEnded())
            gate.open()
            #expect(try busy.response().status == 200)
            #expect(await left == 0)
            await server.close()
        }
    }

    @Test func whoWatchesTheHost_doesNotHoldUpTheStop() async throws {
        try await offPool {
            let server = try await Server([])
            let monitor = try server.client()
            #expect(try monitor.exchange("GET", "/healthz").status == 200)
            #expect(await server.host.stop() == 0)
            #expect(monitor.hasEnded())
            await server.close()
        }
    }

    @Test func stop_sendsWhatIsAnsweredAlready_alsoToASlowReader() async throws {
        try await offPool {
            let server = try await Server([ConnectionTests.big])
            let client = try server.client(receiveBuffer: 4_096)
            try client.send(request("GET", "/big"))
            _ = try client.receive()
            async let left = server.host.stop()
            while await !server.host.isStopping {}
            var bytes = 0
            while let part = try? client.receive() { bytes += part.count }
            #expect(bytes > 2_900_000)
            #expect(await left == 0)
            await server.close()
        }
    }

    @Test func stuckFunction_isCounted_whenTheDrainEnds() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            var limits = HostLimits()
            limits.drain = .milliseconds(100)
            let server = try await Server([Self.slow(record, gate)], limits: limits)
            let client = try server.client()
            try client.send(request("GET", "/slow"))
            _ = record.wait(for: 1)
            #expect(await server.host.stop() == 1)
            #expect(client.hasEnded())
            gate.open()
            await server.close()
        }
    }

    @Test func socketThatConnectsWhileTheHostStops_isDisconnected() async throws {
        try await offPool {
            let record = try Record()
            let gate = Gate()
            let connect = Route("connect", on: .socket(event: "$connect")) { _, _ in
                record.add("connect")
                await gate.pass()
                return .null
            }
            let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
                record.add("left")
                return .null
            }
            let server = try await Server([connect, left])
            let socket = try server.webSocket()
            try socket.send("40")
            _ = record.wait(for: 1)
            async let stopped = server.host.stop()
            #expect(try socket.closeCode() == 1001)
            gate.open()
            #expect(await stopped == 0)
            #expect(record.all == ["connect", "left"])
            await server.close()
        }
    }

    @Test func stoppedHost_isLetGo() async throws {
        weak let host = try await Self.usedHost()
        #expect(host == nil)
    }

    private static func usedHost() async throws -> Host? {
        let server = try await Server([HTTPTests.echo, SocketTests.echo])
        _ = try server.client().exchange("GET", "/echo")
        let socket = try server.socket()
        try socket.send(#"421["echo",1]"#)
        _ = try socket.text()
        await server.close()
        return server.host
    }

    @Test func failedStart_doesNotListen() async throws {
        try await offPool {
            let server = try await Server([])
            await server.state.close()
            let host = try Host(
                invoker: server.invoker, loop: server.loop,
                log: Log(level: .error, format: .json, sink: Silence()))
            await #expect(throws: StoreError.closed) { try await host.start(host: "127.0.0.1", port: 0) }
            #expect(await !host.isListening)
            await server.close()
        }
    }
}
