import FoundationEssentials
import Runtime
import Testing

@Suite struct ManifestTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func projectManifest(_ environment: [String: String] = [:]) throws -> Manifest {
        try Manifest(
            contentsOf: Self.root.appending(path: "functions.yaml").path, environment: environment)
    }

    @Test func theProjectsManifest_saysWhatHoldsForAll() throws {
        let manifest = try projectManifest()
        #expect(manifest.store == "var/gestaloka.db")
        #expect(manifest.allowsAnonymous)
        #expect(manifest.auth == [Issuer(issuer: "gestaloka", audience: "gestaloka", key: nil)])
        #expect(manifest.sockets == SocketSettings())
        #expect(manifest.trustedProxies == [])
    }

    @Test func theProjectsManifest_saysWhatPlayerActionIs() throws {
        let action = try #require(try projectManifest().function(named: "player-action"))
        #expect(action.handler == "PlayerAction")
        #expect(
            action.triggers == [
                .http(method: "POST", path: "/api/player/action"), .socket(event: "player_action"),
            ])
        #expect(action.access == .authenticated)
        #expect(action.per == .caller)
        #expect(action.limits.rate == [Rate(count: 30, window: .seconds(60))])
        #expect(action.limits.timeout == .seconds(5))
        #expect(action.limits.body == 16 * 1024)
        #expect(action.limits.concurrency == 256)
        #expect(action.isolation == .inline)
        #expect(action.line > 1)
    }

    @Test func theProjectsManifest_saysWhatTheOthersAre() throws {
        let manifest = try projectManifest()
        let guest = try #require(manifest.function(named: "guest-session"))
        #expect(guest.access == .none)
        #expect(guest.per == .address)
        #expect(guest.limits.rate == [Rate(count: 10, window: .seconds(60))])
        let story = try #require(manifest.function(named: "story-generation"))
        #expect(
            story.triggers == [
                .queue(name: "story", batch: 64), .http(method: "POST", path: "/api/story/generate"),
            ])
        #expect(story.limits.timeout == .seconds(30))
        #expect(manifest.function(named: "socket-connect")?.triggers == [.socket(event: "$connect")])
        #expect(manifest.function(named: "socket-disconnect")?.triggers == [.socket(event: "$disconnect")])
        let broadcast = try #require(manifest.function(named: "broadcast"))
        #expect(broadcast.access == .role("ops"))
        #expect(broadcast.per == .caller)
        #expect(manifest.function(named: "nothing") == nil)
    }

    @Test func theEnvironment_changesTheProjectsManifest() throws {
        let manifest = try projectManifest([
            "STORE": "/tmp/x.db", "GUESTS": "false", "SECRET_KEY": "k", "PLAYER_ACTION_RATE": "5 per second",
            "STORY_RATE": "1/hour",
        ])
        #expect(manifest.store == "/tmp/x.db")
        #expect(!manifest.allowsAnonymous)
        #expect(manifest.auth.first?.signingKey == "k")
        #expect(
            manifest.function(named: "player-action")?.limits.rate == [Rate(count: 5, window: .seconds(1))])
    }

    @Test func whatIsLeftOut_hasItsDefault() throws {
        let manifest = try Manifest(
            yaml: "{version: 1, functions: {hello: {handler: Hello}, open: {handler: Open, auth: none}}}",
            file: "f", environment: [:])
        #expect(
            manifest
                == Manifest(functions: [
                    FunctionEntry(name: "hello", handler: "Hello", line: 1),
                    FunctionEntry(name: "open", handler: "Open", access: .none, line: 1),
                ]))
        #expect(manifest.functions.map(\.per) == [.caller, .address])
        #expect(!manifest.allowsAnonymous)
        #expect(manifest.store == "var/gestaloka.db")
    }

    @Test func everyKey_isRead() throws {
        let manifest = try Manifest(
            yaml: """
                version: "1"
                store: 'a b.db'
                guests: false
                auth:
                  - {issuer: i, audience: a, algorithm: HS256, key: "$$ecret"}
                sockets:
                  path: /live
                  ping-interval: 1s
                  ping-timeout: 10m
                  max-payload: 2 KiB
                  recovery-window: 0s
                  connect-timeout: 1500ms
                  upgrade-timeout: 2s
                  send-queue: 64KiB
                  handshake-rate: 200 per minute
                  allowed-origins: ["HTTPS://Play.Example:443", "*", "http://[0:0::1]:08080"]
                websockets:
                  /ws:
                    route-by: action
                    deflate: true
                    subprotocols: [b.v1, a]
                    max-payload: 4KiB
                  /plain:
                trusted-proxies: [127.0.0.1, "0:0::1", "::FFFF:10.1.2.3"]
                functions:
                  hello:
                    handler: Hello
                    on:
                      - http: DELETE /
                      - socket: 挨拶
                      - queue: jobs
                      - socket: "*"
                      - socket: /lobby#a#b
                      - socket: /lobby#*
                      - socket: /lobby#$disconnect
                      - socket: $ack:trade
                      - websocket: /ws
                      - websocket: /ws#look
                      - websocket: /other#$connect
                    per: player
                    auth: game-master
                    isolation: inline
                    environment: [HOME, _x1]
                    hosts: [API.OpenAI.com, "127.0.0.1:8080", "[0:0::1]"]
                    limits:
                      rate: 1/second;30/minute
                      timeout: 15m
                      body: 0
                      concurrency: 65536
                      tokens: 1.5M per day
                """, file: "f", environment: [:])
        #expect(manifest.store == "a b.db")
        #expect(
            manifest.sockets
                == SocketSettings(
                    path: "/live/", pingInterval: .seconds(1), pingTimeout: .seconds(600), maxPayload: 2048,
                    recoveryWindow: .zero, connectTimeout: .milliseconds(1500),
                    upgradeTimeout: .seconds(2), sendQueue: 65_536,
                    handshakeRate: Rate(count: 200, window: .seconds(60)),
                    allowedOrigins: ["https://play.example", "*", "http://[::1]:8080"]))
        #expect(
            manifest.websockets == [
                "/ws": WebSocketSettings(
                    routeBy: "action", deflate: true, subprotocols: ["b.v1", "a"], maxPayload: 4096),
                "/plain": WebSocketSettings(),
            ])
        #expect(manifest.auth.map(\.signingKey) == ["$ecret"])
        #expect(manifest.trustedProxies == ["127.0.0.1", "::1", "10.1.2.3"])
        let limits = Limits(
            rate: [Rate(count: 1, window: .seconds(1)), Rate(count: 30, window: .seconds(60))],
            timeout: .seconds(900), body: 0, concurrency: 65_536,
            budget: Rate(count: 1_500_000, window: .seconds(86_400)))
        #expect(
            manifest.functions == [
                FunctionEntry(
                    name: "hello", handler: "Hello",
                    triggers: [
                        .http(method: "DELETE", path: "/"), .socket(event: "挨拶"),
                        .queue(name: "jobs", batch: 1), .socket(event: "*"),
                        .socket(event: "/lobby#a#b"), .socket(event: "/lobby#*"),
                        .socket(event: "/lobby#$disconnect"), .socket(event: "$ack:trade"),
                        .websocket(path: "/ws", route: "$default"), .websocket(path: "/ws", route: "look"),
                        .websocket(path: "/other", route: "$connect"),
                    ],
                    access: .role("game-master"), per: .caller, limits: limits,
                    environment: ["HOME", "_x1"], hosts: ["api.openai.com", "127.0.0.1:8080", "[::1]"],
                    line: 26)
            ])
    }

    @Test func aByteOrderMarkAndCarriageReturns_areNoProblem() throws {
        let yaml = "\u{FEFF}version: 1\r\nfunctions:\r\n  hello:\r\n    handler: Hello\r\n"
        let manifest = try Manifest(yaml: yaml, file: "f", environment: [:])
        #expect(manifest.functions.map(\.line) == [3])
    }

    @Test(arguments: [
        (Trigger.http(method: "GET", path: "/x"), "http GET /x"),
        (.socket(event: "$connect"), "socket $connect"),
        (.websocket(path: "/ws", route: "look"), "websocket /ws#look"),
        (.queue(name: "story", batch: 3), "queue story"),
    ])
    func triggers_describeThemselves(_ trigger: Trigger, _ text: String) {
        #expect(trigger.description == text)
    }

    @Test func events_areFoundByTheirFullNames() throws {
        let manifest = Manifest(functions: [
            FunctionEntry(
                name: "socket", handler: "S",
                triggers: [.queue(name: "a", batch: 1), .socket(event: "/lobby#a")]),
            FunctionEntry(name: "websocket", handler: "W", triggers: [.websocket(path: "/ws", route: "a")]),
        ])
        #expect(manifest.function(onEvent: "/lobby#a")?.name == "socket")
        #expect(manifest.function(onEvent: "/ws#a")?.name == "websocket")
        #expect(manifest.function(onEvent: "a") == nil)
        #expect(Trigger.http(method: "GET", path: "a").eventName == nil)
    }

    @Test func aNamespacesOrWebSocketsEnd_needsNothingElse() throws {
        let manifest = try Manifest(
            yaml: """
                version: 1
                functions:
                  left: {handler: Left, on: [{socket: "/lobby#$disconnect"}, {websocket: "/ws#$disconnect"}]}
                """, file: "f", environment: [:])
        #expect(
            manifest.functions.first?.triggers == [
                .socket(event: "/lobby#$disconnect"), .websocket(path: "/ws", route: "$disconnect"),
            ])
        #expect(manifest.websockets.isEmpty)
    }
}
