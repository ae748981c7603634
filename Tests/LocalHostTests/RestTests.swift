import Ledger
@testable import LocalHost
import Runtime
import Testing
import Wire

/// What is much is paid for in time: a connection rests behind it, and loses nothing.
@Suite struct RestTests {
    @Test func behindLargeMessages_aConnectionRests_andGoesOnInOrder() async throws {
        var limits = HostLimits()
        limits.costPerSecond = 2 << 20
        let length = Route("length", on: .socket(event: "length"), limits: Limits(body: 1 << 20)) {
            input, _ in
            if case .string(let text) = input { .integer(Int64(text.utf8.count)) } else { .null }
        }
        try await serve([length], limits: limits) { server in
            let (socket, other) = (try server.socket(), try server.socket())
            for id in 1...3 {
                try socket.send("42\(id)[\"length\",\"\(String(repeating: "x", count: id * 100_000))\"]")
            }
            // Others are not held up by it.
            try other.send(#"429["length","abc"]"#)
            #expect(try other.text() == "439[3]")
            for id in 1...3 { #expect(try socket.text() == "43\(id)[\(id * 100_000)]") }
        }
    }

    @Test func behindManySmallRequests_aConnectionRests_andGoesOnInOrder() async throws {
        var limits = HostLimits()
        limits.costPerSecond = 1 << 20
        try await serve([], limits: limits) { server in
            let (client, other) = (try server.client(), try server.client())
            let count = 100
            for number in 0..<count {
                try client.send(request("GET", "/healthz", "X-Request-Id: r\(number)\r\n"))
            }
            #expect(try other.exchange("GET", "/healthz").status == 200)
            for number in 0..<count {
                #expect(try client.response().headers["X-Request-Id"] == "r\(number)")
            }
        }
    }

    @Test func aPostWhosePacketsAreMany_isTakenWhole_thoughItsClientGoes() async throws {
        var limits = HostLimits()
        limits.costPerSecond = 1 << 20
        let taken = try Record()
        let note = Route("note", on: .socket(event: "note")) { _, _ in
            taken.add("one")
            return .null
        }
        try await serve([note], limits: limits) { server in
            let path = "/socket.io/?EIO=4&transport=polling"
            let client = try server.client()
            guard case .open(let handshake) = try EngineIOPacket(decoding: client.exchange("GET", path).text)
            else {
                Issue.record("no handshake")
                return
            }
            let sid = handshake.sid
            #expect(try client.exchange("POST", "\(path)&sid=\(sid)", body: "40").status == 200)
            let events = (0..<300).map { _ in "42[\"note\"]" }.joined(separator: "\u{1e}")
            let other = try server.client()
            try other.send(request("POST", "\(path)&sid=\(sid)", body: events))
            await server.wait { _ in taken.all.count > 0 }
            other.close()
            await server.wait { _ in taken.all.count == 300 }
        }
    }
}
