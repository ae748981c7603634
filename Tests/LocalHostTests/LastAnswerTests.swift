import Base
import Ledger
@testable import LocalHost
import Runtime
import Testing
import TestSupport
import Wire

/// What was valid before a violation, or a goodbye, is answered before the close.
@Suite struct LastAnswerTests {
    private struct Ending: Sendable {
        let name: String
        let code: UInt16
        let send: @Sendable (SocketClient) throws -> Void
    }

    private static let endings = [
        Ending(name: "no UTF-8", code: 1007) { try $0.frame(.text, [0x34, 0xff]) },
        Ending(name: "not masked", code: 1002) { try $0.frame(.binary, [1], masked: false) },
        Ending(name: "no Engine.IO", code: 1002) { try $0.send("9") },
        Ending(name: "no Socket.IO", code: 1002) { try $0.send("49") },
        Ending(name: "no attachment is due", code: 1002) { try $0.frame(.binary, [1]) },
        Ending(name: "goodbye", code: 1_000) { try $0.frame(.close, [3, 232]) },
    ]

    @Test(arguments: endings.indices)
    func eventsBefore_areAnsweredBeforeTheClose(index: Int) async throws {
        let ending = Self.endings[index]
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            record.add("slow")
            await gate.pass()
            return input
        }
        let left = Route("left", on: .socket(event: "$disconnect")) { _, _ in
            record.add("left")
            return .null
        }
        try await serve([slow, left]) { server in
            let socket = try server.socket()
            for id in 1...3 { try socket.send(#"42\#(id)["slow",\#(id)]"#) }
            try ending.send(socket)
            // Not read any more.
            try? socket.send(#"424["slow",4]"#)
            #expect(record.wait(for: 1) == ["slow"], "\(ending.name)")
            gate.open()
            for id in 1...3 { #expect(try socket.text() == "43\(id)[\(id)]", "\(ending.name)") }
            #expect(try socket.closeCode() == ending.code, "\(ending.name)")
            #expect(record.wait(for: 4) == ["slow", "slow", "slow", "left"], "\(ending.name)")
        }
    }

    @Test func answersThatTakeTooLong_areNotWaitedFor() async throws {
        var limits = HostLimits()
        limits.lastAnswers = .milliseconds(300)
        let gate = Gate()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            await gate.pass()
            return input
        }
        try await serve([slow], limits: limits) { server in
            let socket = try server.socket()
            try socket.send(#"421["slow",1]"#)
            try socket.send("49")
            #expect(try socket.closeCode() == 1002)
            gate.open()
        }
    }

    @Test func answersToAPost_comeWithAPoll_beforeTheSessionEnds() async throws {
        let gate = Gate()
        let record = try Record()
        let slow = Route("slow", on: .socket(event: "slow")) { input, _ in
            record.add("slow")
            await gate.pass()
            return input
        }
        try await serve([slow]) { server in
            let client = try server.client()
            let opened = try client.exchange("GET", "/socket.io/?EIO=4&transport=polling").text
            guard case .open(let handshake) = try EngineIOPacket(decoding: opened) else {
                throw ClientError.notHTTP
            }
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(handshake.sid)"
            #expect(try client.exchange("POST", target, body: "40").status == 200)
            #expect(try client.exchange("GET", target).text.hasPrefix("40{"))
            let body = #"421["slow",1]"# + "\u{1E}x"
            #expect(try client.exchange("POST", target, body: body).status == 400)
            _ = record.wait(for: 1)
            gate.open()
            var told = ""
            while !told.hasSuffix("1") { told += try client.exchange("GET", target).text }
            #expect(told.replacing("\u{1E}", with: "") == "431[1]1")
        }
    }

    /// JavaScript's client would end its line before it has looked at what stands in front of the close.
    @Test func closeOfAPollingSession_isAnAnswerOfItsOwn() async throws {
        try await serve([]) { server in
            let client = try server.client()
            let opened = try client.exchange("GET", "/socket.io/?EIO=4&transport=polling").text
            guard case .open(let handshake) = try EngineIOPacket(decoding: opened) else {
                throw ClientError.notHTTP
            }
            let target = "/socket.io/?EIO=4&transport=polling&sid=\(handshake.sid)"
            #expect(try client.exchange("POST", target, body: "40\u{1E}x").status == 400)
            let welcome = try client.exchange("GET", target).text
            #expect(welcome.hasPrefix("40{") && !welcome.contains("\u{1E}"), "\(welcome)")
            #expect(try client.exchange("GET", target).text == "1")
            #expect(try client.exchange("GET", target).status == 400)
        }
    }
}
