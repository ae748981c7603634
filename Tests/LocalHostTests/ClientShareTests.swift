@testable import Net
import Base
@testable import LocalHost
import Runtime
import Testing
import Wire

/// One client does not lock out, fill up or hold up the others.
@Suite struct ClientShareTests {
    private static let polling = "/socket.io/?EIO=4&transport=polling"

    private func open(_ client: Client, _ fields: String = "") throws -> (status: Int, sid: String) {
        let answer = try client.exchange("GET", Self.polling, fields)
        guard answer.status == 200, case .open(let handshake) = try EngineIOPacket(decoding: answer.text)
        else {
            return (answer.status, "")
        }
        return (200, handshake.sid)
    }

    // MARK: Places

    @Test func oneThatOpensLinksWithoutEnd_losesItsOldest_andOthersStillComeIn() async throws {
        var limits = HostLimits()
        limits.connections = 64
        try await serve([], limits: limits, proxies: ["127.0.0.1"]) { server in
            let client = try server.client()
            let victim = try server.client()
            let first = try open(victim, "X-Forwarded-For: 192.0.2.7\r\n")
            #expect(first.status == 200)
            var sids: [String] = []
            for _ in 0..<500 {
                let (status, sid) = try open(client, "X-Forwarded-For: 192.0.2.1\r\n")
                #expect(status == 200)
                sids.append(sid)
            }
            #expect(await server.host.linkCount <= 64)
            // Another one finds a place, and whoever had one keeps it.
            #expect(try open(client, "X-Forwarded-For: 192.0.2.8\r\n").status == 200)
            let path = "\(Self.polling)&sid="
            #expect(try victim.exchange("POST", path + first.sid, body: "40").status == 200)
            #expect(try client.exchange("POST", path + (sids.first ?? ""), body: "40").status == 400)
            #expect(try client.exchange("POST", path + (sids.last ?? ""), body: "40").status == 200)
        }
    }

    @Test func whereAllPlacesAreTaken_theOldestInNoNamespaceGoes_andNoSocketDoes() async throws {
        var limits = HostLimits()
        limits.connections = 8
        limits.addressShare = 1_000
        try await serve([], limits: limits, proxies: ["127.0.0.1"]) { server in
            let socket = try server.socket()
            let client = try server.client()
            for number in 0..<30 {
                #expect(try open(client, "X-Forwarded-For: 192.0.2.\(number)\r\n").status == 200)
            }
            try socket.send(#"421["nothing"]"#)
            #expect(try socket.text().hasPrefix("431"))
            #expect(await server.host.linkCount == 8)
        }
    }

    @Test func whereSocketsHoldAllPlaces_theHandshakeIsToldWhenToComeBack() async throws {
        var limits = HostLimits()
        limits.connections = 3
        try await serve([], limits: limits) { server in
            // Connections are not what is short here.
            let sockets = try (0..<2).map { _ in try server.socket() }
            let client = try server.client()
            let third = try open(client)
            #expect(try client.exchange("POST", "\(Self.polling)&sid=\(third.sid)", body: "40").status == 200)
            #expect(
                try client.exchange("GET", "\(Self.polling)&sid=\(third.sid)").text.hasPrefix("40"))
            let answer = try client.exchange("GET", Self.polling)
            #expect(answer.status == 503)
            #expect(answer.headers["Retry-After"] == "1")
            withExtendedLifetime(sockets) {}
        }
    }

    @Test func handshakes_haveARateByAddress_alsoOfPlainWebSockets() async throws {
        let sockets = SocketSettings(handshakeRate: Rate(count: 5, window: .seconds(3_600)))
        let plain = Route("plain", on: .websocket(path: "/ws", route: "$default"))
        try await serve([plain], sockets: sockets, proxies: ["127.0.0.1"]) { server in
            let client = try server.client()
            for _ in 0..<5 { #expect(try open(client, "X-Forwarded-For: 2001:db8::1\r\n").status == 200) }
            // Whoever has one address of a /64 has them all.
            for fields in ["X-Forwarded-For: 2001:db8::1\r\n", "X-Forwarded-For: 2001:db8::2\r\n"] {
                let answer = try client.exchange("GET", Self.polling, fields)
                #expect(answer.status == 429)
                #expect(Int(answer.headers["Retry-After"] ?? "").map { $0 > 60 } == true)
                #expect(try client.exchange("GET", "/ws", SocketClient.fields + fields).status == 429)
            }
            #expect(try open(client, "X-Forwarded-For: 2001:db8:0:1::1\r\n").status == 200)
        }
    }

    @Test func connectionsAboveTheShare_areToldSo_andThoseOfATrustedProxyAreNone() async throws {
        var limits = HostLimits()
        limits.connections = 8
        limits.addressShare = 1
        limits.turnedAway = 2
        try await serve([], limits: limits) { server in
            let held = try (0..<4).map { _ in try server.client() }
            for client in held { #expect(try client.exchange("GET", "/healthz").status == 200) }
            let late = try server.client()
            let answer = try late.exchange("GET", "/healthz")
            #expect(answer.status == 503)
            #expect(answer.headers["Retry-After"] == "1")
            #expect(answer.headers["Connection"] == "close")
            for client in held { #expect(try client.exchange("GET", "/healthz").status == 200) }
        }
        try await serve([], limits: limits, proxies: ["127.0.0.1"]) { server in
            let held = try (0..<7).map { _ in try server.client() }
            for client in held { #expect(try client.exchange("GET", "/healthz").status == 200) }
        }
    }

    @Test func aRefusedConnect_doesNotProlongTheTimeToConnect() async throws {
        let connect = Route("connect", on: .socket(event: "$connect"), access: .authenticated)
        let sockets = SocketSettings(connectTimeout: .milliseconds(1_500))
        try await serve([connect], sockets: sockets) { server in
            let socket = try server.webSocket()
            var refusals = 0
            // Until it is sent away, which it never was as long as it went on. Each wait ends after ten seconds.
            while try socket.tryConnect(auth: #"{"token":"bad"}"#).hasPrefix("44"), refusals < 1_000_000 {
                refusals += 1
            }
            #expect(refusals > 0 && refusals < 1_000_000)
        }
    }

    // MARK: Memory

    @Test func pings_areAnsweredOnceAPoll() async throws {
        try await serve([]) { server in
            let client = try server.client()
            let sid = try open(client).sid
            let path = "\(Self.polling)&sid=\(sid)"
            let pings = Array(repeating: "2x", count: 4_096).joined(separator: "\u{1e}")
            #expect(try client.exchange("POST", path, body: pings).status == 200)
            #expect(await server.host.unsentBytes == 0)
            #expect(try client.exchange("GET", path).text == "3x")
            // The next payload's are answered again.
            #expect(try client.exchange("POST", path, body: pings).status == 200)
            #expect(try client.exchange("GET", path).text == "3x")
        }
    }

    @Test func pingsOfAWebSocket_whoseAnswersAreNotRead_keepOnePong() async throws {
        try await serve([]) { server in
            let socket = try server.socket()
            for number in 0..<3_000 { try socket.frame(.ping, Array("\(number)".utf8)) }
            // The last one is answered in any case.
            var last: [UInt8] = []
            while String(decoding: last, as: UTF8.self) != "2999" {
                if case .pong(let payload)? = try socket.message() { last = payload }
            }
        }
        var queue = SendQueue()
        queue.append([1, 2, 3])
        for number in 0..<UInt8(200) { queue.appendPong([number]) }
        #expect(queue.byteCount == 4)
        var sent: [UInt8] = []
        var scratch: [UInt8] = []
        _ = queue.send(gatheringIn: &scratch) { bytes in
            for index in 0..<bytes.count { sent.append(bytes[index]) }
            return bytes.count
        }
        #expect(sent == [1, 2, 3, 199])
        queue.appendPong([7])
        #expect(queue.byteCount == 1)
    }

    @Test func whatWaits_countsWhatItCosts() {
        let ack = OutgoingPacket(SocketIOPacket.ack(id: 1, json: ["{}"], namespace: "/"))
        #expect(ack.byteCount > 100)
        var queue = SendQueue()
        for _ in 0..<1_000 { queue.append([0x8a, 0]) }
        #expect(queue.byteCount == 2_000)
        #expect(queue.cost >= 50_000)
    }

    @Test func partialBodies_ofAllTogether_haveALimit_andTheLargestGoFirst() async throws {
        var limits = HostLimits()
        limits.receivedBytes = 2 << 20
        let take = Route("take", on: .http(method: "POST", path: "/take"), limits: Limits(body: 1 << 20)) {
            _, _ in .string("taken")
        }
        try await serve([take], limits: limits) { server in
            let small = try server.client()
            try small.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 20002\r\n\r\n")
            try small.send("\"" + String(repeating: "s", count: 10_000))
            let large = try (0..<6).map { _ in try server.client() }
            for client in large {
                try client.send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")
                try client.send(String(repeating: "x", count: 800_000))
            }
            // Those that had to go are told, and when to come back.
            var refused = 0
            for client in large.prefix(4) {
                let answer = try? client.response()
                if answer?.status == 503, answer?.headers["Retry-After"] == "1" { refused += 1 }
                if refused > 0 { break }
            }
            #expect(refused > 0)
            #expect(await server.host.receivedBytes <= 2 << 20)
            try small.send(String(repeating: "s", count: 10_000) + "\"")
            #expect(try small.response().text == "\"taken\"")
        }
    }

    @Test func aPostToAnUnknownSession_isRefusedOnItsHead() async throws {
        try await serve([]) { server in
            for (target, status) in [
                ("\(Self.polling)&sid=engine_0", 400), (Self.polling, 400), ("/nowhere", 404),
                ("/healthz", 405),
            ] {
                let client = try server.client()
                try client.send("POST \(target) HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")
                let answer = try client.response()
                #expect(answer.status == status, "\(target)")
                #expect(answer.headers["Connection"] == "close")
                // Where the body is here already, the connection goes on.
                let whole = try server.client()
                #expect(try whole.exchange("POST", target, body: "40").status == status)
                #expect(try whole.exchange("GET", "/healthz").status == 200)
            }
        }
    }

    // MARK: Turns

    @Test func whatOnePipelines_isTakenInTurns_andAnsweredInOrder() async throws {
        var limits = HostLimits()
        limits.turnCredit = 8_192
        try await serve([], limits: limits) { server in
            let client = try server.client()
            let before = await server.host.turns
            let count = 400
            for number in 0..<count {
                try client.send(request("GET", "/nowhere/\(number)", "X-Request-Id: r\(number)\r\n"))
            }
            for number in 0..<count {
                #expect(try client.response().headers["X-Request-Id"] == "r\(number)")
            }
            // Four requests cost a turn's credit.
            #expect(await server.host.turns - before >= count / 5)
        }
    }

    @Test func handshakesInARow_doNotWaitForAnythingElseToHappen() async throws {
        var limits = HostLimits()
        limits.turnCredit = 2_048
        // Nothing else wakes the loop.
        limits.catchUp = .seconds(3_600)
        limits.heartbeat = .seconds(3_600)
        limits.lease = .seconds(7_200)
        try await serve([], limits: limits) { server in
            let client = try server.client()
            for _ in 0..<50 { try client.send(request("GET", Self.polling)) }
            for _ in 0..<50 { #expect(try client.response().status == 200) }
        }
    }

    @Test func packetsOfOnePost_areTakenInTurns_andAllAnswered() async throws {
        var limits = HostLimits()
        limits.turnCredit = 8_192
        limits.strayEvents = Rate(count: 1_000_000, window: .seconds(1))
        try await serve([], limits: limits) { server in
            let client = try server.client()
            let sid = try open(client).sid
            #expect(try client.exchange("POST", "\(Self.polling)&sid=\(sid)", body: "40").status == 200)
            let before = await server.host.turns
            let events = (0..<200).map { "42\($0)[\"nothing\"]" }.joined(separator: "\u{1e}")
            #expect(try client.exchange("POST", "\(Self.polling)&sid=\(sid)", body: events).status == 200)
            #expect(await server.host.turns - before >= 20)
            var ids: [String] = []
            while ids.count < 200 {
                let poll = try client.exchange("GET", "\(Self.polling)&sid=\(sid)").text
                ids += poll.split(separator: "\u{1e}").filter { $0.hasPrefix("43") }.map {
                    String($0.dropFirst(2).prefix { $0 != "[" })
                }
            }
            #expect(ids == (0..<200).map(String.init))
        }
    }

    @Test func messagesOfOneSocket_areTakenInTurns() async throws {
        var limits = HostLimits()
        limits.turnCredit = 8_192
        let echo = Route("echo", on: .socket(event: "echo"))
        try await serve([echo], limits: limits) { server in
            let socket = try server.socket()
            let before = await server.host.turns
            for number in 0..<100 {
                try socket.send("42\(number)[\"echo\",\"\(String(repeating: "x", count: 4_000))\"]")
            }
            for number in 0..<100 { #expect(try socket.text().hasPrefix("43\(number)[")) }
            #expect(await server.host.turns - before >= 40)
        }
    }

    @Test func eventsThatNoFunctionTakes_haveARateOfTheConnection() async throws {
        var limits = HostLimits()
        limits.strayEvents = Rate(count: 10, window: .seconds(3_600))
        let echo = Route("echo", on: .socket(event: "echo"))
        try await serve([echo], limits: limits) { server in
            let socket = try server.socket()
            var statuses: [Int] = []
            for number in 0..<15 {
                let name = ["nothing", "$disconnect", "authenticate"][number % 3]
                try socket.send("42\(number)[\"\(name)\",{}]")
                let text = try socket.text()
                #expect(text.hasPrefix("43\(number)["))
                statuses.append(text.contains(#""status":429"#) ? 429 : 404)
            }
            #expect(statuses == Array(repeating: 404, count: 10) + Array(repeating: 429, count: 5))
            // What a function takes is another matter.
            try socket.send(#"4299["echo",1]"#)
            #expect(try socket.text() == "4399[1]")
        }
    }

    @Test func eventsThatWait_haveALimitInBytes_andAllAreHandled() async throws {
        var limits = HostLimits()
        limits.queuedEventBytes = 10_000
        let gate = Gate()
        let slow = Route("slow", on: .socket(event: "slow")) { _, _ in
            await gate.pass()
            return .null
        }
        try await serve([slow], limits: limits) { server in
            let socket = try server.socket()
            let text = String(repeating: "x", count: 4_000)
            for number in 0..<40 { try socket.send("42\(number)[\"slow\",\"\(text)\"]") }
            let other = try server.socket()
            try other.send(#"420["nothing"]"#)
            _ = try other.text()
            #expect(await server.host.largestBacklog <= 4)
            gate.open()
            for number in 0..<40 { #expect(try socket.text().hasPrefix("43\(number)[")) }
        }
    }
}
