import Store
import Testing

@testable import Runtime

@Suite struct ForeignEventTests {
    private static let manifest = Manifest(functions: [
        FunctionEntry(
            name: "action", handler: "A",
            triggers: [.http(method: "POST", path: "/api/player/action"), .socket(event: "player_action")]),
        FunctionEntry(name: "look", handler: "B", triggers: [.http(method: "GET", path: "/api/look")]),
        FunctionEntry(name: "story", handler: "C", triggers: [.queue(name: "story", batch: 2)]),
        FunctionEntry(name: "connect", handler: "D", triggers: [.socket(event: "$connect")]),
    ])

    @Test(
        arguments: [
            (.http(method: "POST", path: "/api/player/action"), "action"),
            (.http(method: "GET", path: "/api/player/action"), nil),
            (.http(method: "HEAD", path: "/api/look"), "look"),
            (.http(method: "HEAD", path: "/api/player/action"), nil),
            (.socket(event: "player_action", connection: "c", host: "h"), "action"),
            (.socket(event: "$default", connection: "c", host: "h"), nil),
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
        #expect(names == ["action", "action", "action", "connect", nil, nil])
    }
}
