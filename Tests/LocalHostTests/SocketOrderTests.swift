import Ledger
import Base
@testable import LocalHost
import Runtime
import Testing
import Wire

/// Clients that connect, leave, get lost, come back and talk in any order, over both transports and in two namespaces,
/// to a host that is started anew in between: every connect is answered, and nothing is left of who has gone.
@Suite struct SocketOrderTests {
    private static let routes: [Route] = [
        .login,
        Route("connect", on: .socket(event: "$connect"), access: .authenticated) { _, context in
            try context.openConnection()
            try context.join("all")
            return .null
        },
        Route("lobby", on: .socket(event: "/lobby#$connect"), access: .authenticated) { _, context in
            try context.openConnection()
            return .null
        },
        Route(
            "end", on: .socket(event: "$disconnect"), .socket(event: "/lobby#$disconnect"),
            access: .authenticated
        ) {
            input, context in
            if case .object(let members) = input, members["recoverable"] == .bool(true) {
                context.suspendConnection()
            } else {
                context.closeConnection()
            }
            return .null
        },
        Route("say", on: .socket(event: "say"), access: .authenticated) { input, context in
            try context.emit("said", input, to: ["all"])
            return input
        },
    ]

    /// Short enough to wait for the end of a polling session whose client has gone without a word.
    private static let sockets = SocketSettings(pingInterval: .seconds(3), pingTimeout: .seconds(3))

    enum Step: CaseIterable {
        case connect, comeBack, deny, goodbye, goodbyeAndBack, twice, event, lose, endEngine, eventAndLose,
            restart
    }

    @Test(arguments: [UInt64](1...24)) func everyConnectIsAnswered_andNothingIsLeft(seed: UInt64) async throws
    {
        try await offPool {
            var random = SeededRandom(seed: seed)
            var server = try await Server(Self.routes, sockets: Self.sockets)
            var players: [Player] = []
            for name in ["ada", "bob"] {
                players.append(Player(token: try server.token(of: name), isPolling: random.next() % 2 == 0))
            }
            var steps: [String] = []
            for _ in 0..<30 {
                let step = Step.allCases[Int(random.next() % UInt64(Step.allCases.count))]
                let index = Int(random.next() % 2)
                let namespace = random.next() % 3 == 0 ? "/lobby" : "/"
                steps.append("\(step) \(index) \(namespace)")
                do {
                    if step == .restart {
                        for player in players { player.lose() }
                        let next = try await Server(Self.routes, sockets: Self.sockets, sharing: server)
                        await server.close()
                        server = next
                    } else {
                        try players[index].take(step, namespace, server.port)
                    }
                } catch { Issue.record("seed \(seed): \(error) at \(steps)") }
            }
            for player in players { player.lose() }
            await server.wait { $0.socketsHeld == 0 && $0.tasksUnderWay == 0 }
            let left = try await server.state.connections(of: server.host.id, after: "", limit: 1_000)
                .filter { $0.lostAt == nil }
            #expect(left.isEmpty, "seed \(seed): \(steps)")
            #expect(await server.host.socketsHeld == 0, "seed \(seed): \(steps)")
            await server.close()
        }
    }
}

/// A client that remembers, as JavaScript's does, what it needs to come back.
private final class Player {
    enum Wrong: Error { case unanswered }

    let token: String
    var isPolling: Bool
    private var line: (any Line)?
    private var connected: Set<String> = []
    private var pids: [String: String] = [:]
    private var offsets: [String: String] = [:]

    init(token: String, isPolling: Bool) {
        self.token = token
        self.isPolling = isPolling
    }

    func lose() {
        line?.reset()
        line = nil
        connected = []
        isPolling.toggle()
    }

    func take(_ step: SocketOrderTests.Step, _ namespace: String, _ port: Int) throws {
        let line = try self.line ?? (isPolling ? PollingLine(port: port) : WebSocketLine(port: port))
        self.line = line
        let prefix = namespace == "/" ? "" : namespace + ","
        switch step {
        case .connect, .comeBack:
            guard !connected.contains(namespace) else { return }
            try line.send("40\(prefix)\(auth(namespace, returns: step == .comeBack))")
            try expectAnswer(line, namespace)
        case .deny:
            guard !connected.contains(namespace) else { return }
            try line.send("40\(prefix){\"token\":\"bad\"}")
            try expectAnswer(line, namespace)
        case .goodbye:
            guard connected.remove(namespace) != nil else { return }
            try line.send("41\(prefix)")
        case .goodbyeAndBack:
            guard connected.contains(namespace) else { return }
            try line.send("41\(prefix)")
            try line.send("40\(prefix)\(auth(namespace, returns: true))")
            try expectAnswer(line, namespace)
        case .twice:
            // Against the protocol: the line ends.
            guard connected.contains(namespace) else { return }
            try line.send("40\(prefix)\(auth(namespace, returns: false))")
            while try next(line) != nil {}
        case .event, .eventAndLose:
            guard connected.contains("/") else { return }
            try line.send(#"427["say",{"n":1}]"#)
            if step == .eventAndLose { return lose() }
            while true {
                guard let text = try next(line) else { return }
                if text.hasPrefix("437") { return }
            }
        case .lose: lose()
        case .endEngine:
            try line.send("1")
            lose()
        case .restart: break
        }
    }

    private func auth(_ namespace: String, returns: Bool) -> String {
        var members = ["\"token\":\"\(token)\""]
        if returns, let pid = pids[namespace] { members.append("\"pid\":\"\(pid)\"") }
        if returns, let offset = offsets[namespace] { members.append("\"offset\":\"\(offset)\"") }
        return "{\(members.joined(separator: ","))}"
    }

    private func expectAnswer(_ line: any Line, _ namespace: String) throws {
        let suffix = namespace == "/" ? "{" : namespace + ","
        while true {
            guard let text = try next(line) else { return }
            if text.hasPrefix("44" + suffix) {
                connected.remove(namespace)
                return
            }
            guard text.hasPrefix("40" + suffix) else { continue }
            connected.insert(namespace)
            let members = JSONScanner.members(of: String(text.drop { $0 != "{" })) ?? []
            pids[namespace] = members.first { $0.name == "pid" }.flatMap { JSONScanner.string(of: $0.value) }
            return
        }
    }

    /// The next packet; nil where the line has ended, as one may on a machine that stood still.
    private func next(_ line: any Line) throws -> String? {
        var pings = 0
        while let text = try line.next() {
            if text == "2" {
                pings += 1
                guard pings < 5 else { throw Wrong.unanswered }
                try line.send("3")
                continue
            }
            // An event's offset is its last argument.
            if text.hasPrefix("42["), let quote = text.dropLast(2).lastIndex(of: "\"") {
                offsets["/"] = String(text[text.index(after: quote)...].dropLast(2))
            }
            return text
        }
        lose()
        return nil
    }
}

/// A client's line: packets out and in; nil once it has ended.
private protocol Line: AnyObject {
    func send(_ packet: String) throws
    func next() throws -> String?
    func reset()
}

private final class WebSocketLine: Line {
    private let socket: SocketClient

    init(port: Int) throws { socket = try SocketClient(try Client(port: port), time: nil) }

    func send(_ packet: String) throws { try socket.send(packet) }

    func next() throws -> String? {
        do {
            while true {
                switch try socket.message() {
                case .text(let text): return text
                case .close: return nil
                default: continue
                }
            }
        } catch ClientError.ended { return nil }
    }

    func reset() { socket.client.reset() }
}

private final class PollingLine: Line {
    private let poster: Client
    private let poller: Client
    private let target: String
    private var packets: [String] = []

    init(port: Int) throws {
        poster = try Client(port: port)
        poller = try Client(port: port)
        let opening = try poller.exchange("GET", "/socket.io/?EIO=4&transport=polling").text
        guard case .open(let handshake) = try EngineIOPacket(decoding: opening) else {
            throw ClientError.notHTTP
        }
        target = "/socket.io/?EIO=4&transport=polling&sid=\(handshake.sid)"
    }

    func send(_ packet: String) throws { _ = try poster.exchange("POST", target, body: packet) }

    func next() throws -> String? {
        while packets.isEmpty {
            let answer = try poller.exchange("GET", target)
            guard answer.status == 200 else { return nil }
            packets = answer.text.split(separator: "\u{1e}").map(String.init)
        }
        let next = packets.removeFirst()
        return next == "1" ? nil : next
    }

    func reset() {
        poller.reset()
        poster.reset()
    }
}
