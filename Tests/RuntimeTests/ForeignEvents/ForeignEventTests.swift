@testable import ForeignEvents
@testable import Functions
@testable import Manifest
import Runtime
import Testing

@Suite struct ForeignEventTests {
    private static let manifest = Manifest(functions: [
        FunctionEntry(
            name: "action", handler: "A",
            triggers: [.http(method: "POST", path: "/api/player/action"), .socket(event: "player_action")]),
        FunctionEntry(name: "look", handler: "B", triggers: [.http(method: "GET", path: "/api/look")]),
        FunctionEntry(name: "story", handler: "C", triggers: [.queue(name: "story", batch: 2)]),
        FunctionEntry(name: "connect", handler: "D", triggers: [.socket(event: "$connect")]),
        FunctionEntry(
            name: "plain", handler: "E",
            triggers: [
                .websocket(path: "/ws", route: "say"), .websocket(path: "/ws", route: "$default"),
                .websocket(path: "/ws", route: "twice"), .websocket(path: "/ws", route: "player_action"),
            ]),
        FunctionEntry(
            name: "other", handler: "F",
            triggers: [.websocket(path: "/b", route: "twice"), .websocket(path: "/b", route: "$disconnect")]),
    ])

    @Test(
        arguments: [
            ("say", "plain", "/ws#say"), ("$default", "plain", "/ws#$default"),
            ("/ws", "plain", "/ws#$default"),
            ("/ws#say", "plain", "/ws#say"), ("/b#twice", "other", "/b#twice"), ("twice", nil, "twice"),
            ("$disconnect", "other", "/b#$disconnect"), ("$connect", "connect", "$connect"),
            ("player_action", "action", "player_action"), ("nothing", nil, "nothing"), ("/b", nil, "/b"),
        ] as [(String, String?, String)])
    func aRouteKey_leadsToPlainWebSocketsToo(_ key: String, _ name: String?, _ event: String) {
        let trigger = Event.Source.socket(event: key, connection: "c", host: "h")
        let foreign = ForeignEvent(
            event: Event(id: "1", time: ForeignSamples.received, trigger: trigger), form: .socketEvent,
            route: trigger, line: nil, index: nil)
        #expect(foreign.function(in: Self.manifest)?.name == name)
        #expect(
            foreign.event(in: Self.manifest).trigger == .socket(event: event, connection: "c", host: "h"))
    }

    @Test(
        arguments: [
            (.http(method: "POST", path: "/api/player/action"), "action"),
            (.http(method: "GET", path: "/api/player/action"), nil),
            (.http(method: "HEAD", path: "/api/look"), "look"),
            (.http(method: "HEAD", path: "/api/player/action"), nil),
            (.socket(event: "player_action", connection: "c", host: "h"), "action"),
            (.socket(event: "$default", connection: "c", host: "h"), "plain"),
            (.queue(name: "story", group: "g"), "story"), (.queue(name: "other", group: "g"), nil),
            (.direct, nil),
        ] as [(Event.Source, String?)])
    func aRoute_leadsToTheFunctionOfTheManifest(_ route: Event.Source, _ name: String?) {
        let event = ForeignEvent(
            event: Event(id: "1", time: ForeignSamples.received, trigger: .direct), form: .cloudEvent,
            route: route, line: nil, index: nil)
        #expect(event.function(in: Self.manifest)?.name == name)
    }

    @Test func everySample_leadsToItsFunction() throws {
        let samples = [
            ForeignSamples.http, ForeignSamples.binary, ForeignSamples.message, ForeignSamples.connect,
            ForeignSamples.disconnect, ForeignSamples.cloudEvent,
        ]
        let names = try samples.map { try ForeignSamples.read($0).first?.function(in: Self.manifest)?.name }
        #expect(names == ["action", "action", "action", "connect", "other", nil])
    }
}
