import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing
import Wire

/// More sockets that connect at once than may wait: they are sent away so that they come back, and none is denied.
@Suite struct CrowdTests {
    private static func routes(_ record: Record, _ gate: Gate) -> [Route] {
        [
            Route("connect", on: .socket(event: "$connect"), limits: Limits(concurrency: 1)) { _, context in
                record.add("connect")
                await gate.pass()
                return .null
            },
            Route("plain", on: .websocket(path: "/ws", route: "$connect")),
            Route("echo", on: .websocket(path: "/ws", route: "$default")),
        ]
    }

    private static var limits: HostLimits {
        var limits = HostLimits()
        limits.waitingConnects = 3
        return limits
    }

    @Test func moreThanMayWait_areSentAway_andThoseThatWaitGetIn() async throws {
        let (record, gate) = (try Record(), Gate())
        try await serve(Self.routes(record, gate), limits: Self.limits) { server in
            let sockets = try (0..<3).map { _ in try server.webSocket() }
            let late = try server.webSocket()
            let polling = try server.client()
            let opened = try polling.exchange("GET", "/socket.io/?EIO=4&transport=polling").text
            guard case .open(let handshake) = try EngineIOPacket(decoding: opened) else {
                throw ClientError.notHTTP
            }
            // One is decided, the others wait for it.
            for socket in sockets { try socket.send("40") }
            #expect(record.wait(for: 1) == ["connect"])
            await server.wait { $0.connectsWaiting == 2 }
            #expect(await server.host.hasRoomForConnects)
            let last = try server.webSocket()
            try last.send("40")
            await server.wait { $0.connectsWaiting == 3 }

            try late.send("40")
            #expect(try late.closeCode() == 1013)
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(handshake.sid)"
            let poller = try server.client()
            try poller.send(request("GET", target))
            await server.wait { $0.hasWaitingPoll }
            _ = try polling.exchange("POST", target, body: "40")
            let answer = try poller.response()
            #expect(answer.status == 503)
            #expect(answer.headers["Retry-After"] != nil)
            for (path, fields) in [
                ("/socket.io/?EIO=4&transport=polling", ""),
                ("/socket.io/?EIO=4&transport=websocket", SocketClient.fields), ("/ws", SocketClient.fields),
            ] {
                let refusal = try server.client().exchange("GET", path, fields)
                #expect(refusal.status == 503, "\(path)")
                #expect(refusal.headers["Retry-After"] != nil, "\(path)")
            }

            gate.open()
            for socket in sockets + [last] { #expect(try socket.text().hasPrefix("40{")) }
            #expect(try server.webSocket().tryConnect().hasPrefix("40{"))
        }
    }
}
