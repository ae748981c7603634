import Game
import Testing

@Suite struct WorldTests {
    @Test func builtInWorld_startsInTheTavern_andIsConnected() throws {
        let world = World.builtIn
        #expect(world.start == "tavern")
        #expect((6...7).contains(world.locations.count))
        for location in world.locations {
            #expect(world.location(location.id) == location)
            #expect(location.details.count >= 3)
            #expect(location.ambience.count >= 3)
            for exit in location.exits {
                #expect(world.isNeighbour(location.id, exit))
                #expect(world.isNeighbour(exit, location.id))
            }
        }
    }

    @Test func builtInWorld_speaksJapanese() {
        for location in World.builtIn.locations {
            let texts =
                [location.name, location.description] + location.ambience
                + location.details.flatMap { [$0.name, $0.text] }
                + location.residents.flatMap { [$0.name, $0.manner] }
            for text in texts {
                #expect(text[.en].unicodeScalars.allSatisfy { $0.value < 0x2E80 }, "\(text.en)")
                #expect(
                    text[.ja].unicodeScalars.contains { (0x3040...0x9FFF).contains($0.value) }, "\(text.ja)")
            }
        }
    }

    @Test func unknownLocation_hasNoNeighbours() {
        let world = World.builtIn
        #expect(world.location("nowhere") == nil)
        #expect(!world.isNeighbour("nowhere", "tavern"))
        #expect(!world.isNeighbour("tavern", "nowhere"))
        #expect(!world.isNeighbour("tavern", "tavern"))
        #expect(!world.isNeighbour("tavern", "shrine"))
    }

    @Test func smallestWorld_isOneLocation() throws {
        let world = try World(json: Array(file(start: "a", [location("a", exits: [])]).utf8))
        #expect(world.locations.map(\.id) == ["a"])
    }

    @Test func badStructure_isRefused() {
        refuses("", .malformed(path: ""))
        refuses("[]", .malformed(path: ""))
        refuses(#"{"start": "a"}"#, .malformed(path: "locations"))
        refuses(#"{"start": 1, "locations": []}"#, .malformed(path: "start"))
        refuses(file(start: "a", [#"{"id": "a"}"#]), .malformed(path: "locations.0.name"))
        refuses(file(start: "a", []), .locationCount(0))
        let many = (0...256).map { location("l\($0)", exits: []) }
        refuses(file(start: "l0", many), .locationCount(257))
        let large = String(repeating: " ", count: (1 << 20) + 1)
        refuses(large, .fileTooLarge(bytes: (1 << 20) + 1))
    }

    @Test(arguments: ["", "A", "a b", "a_b", "ä", String(repeating: "a", count: 65)])
    func badID_isRefused(id: String) {
        refuses(file(start: id, [location(id, exits: [])]), .invalidID(id))
    }

    @Test func badMap_isRefused() {
        let a = location("a", exits: ["b"])
        let b = location("b", exits: ["a"])
        refuses(file(start: "a", [a, b, a]), .duplicateID("a"))
        refuses(file(start: "c", [a, b]), .unknownStart("c"))
        refuses(file(start: "a", [a]), .unknownExit(from: "a", to: "b"))
        refuses(file(start: "a", [a, location("b", exits: [])]), .oneWayExit(from: "a", to: "b"))
        refuses(file(start: "a", [location("a", exits: ["a"])]), .invalidExit(from: "a", to: "a"))
        refuses(file(start: "a", [location("a", exits: ["b", "b"]), b]), .invalidExit(from: "a", to: "b"))
        refuses(file(start: "a", [a, b, location("c", exits: [])]), .unreachable("c"))
    }

    @Test func badTexts_areRefused() {
        func refusesLocation(_ text: String, _ error: WorldError) { refuses(file(start: "a", [text]), error) }
        refusesLocation(
            location("a", exits: [], name: #"{"en": " \u200b", "ja": "x"}"#),
            .blankText(location: "a", field: "name", language: .en))
        refusesLocation(
            location("a", exits: [], name: #"{"en": "x", "ja": ""}"#),
            .blankText(location: "a", field: "name", language: .ja))
        let long = String(repeating: "名", count: 49)
        refusesLocation(
            location("a", exits: [], name: #"{"en": "x", "ja": "\#(long)"}"#),
            .textTooLong(location: "a", field: "name", language: .ja))
        refusesLocation(
            location("a", exits: [], ambience: #"[{"en": "x", "ja": "　"}]"#),
            .blankText(location: "a", field: "ambience", language: .ja))
        refusesLocation(
            location("a", exits: [], ambience: "[]"), .listLength(location: "a", list: "ambience"))
        let many = Array(repeating: #"{"en": "x", "ja": "x"}"#, count: 33).joined(separator: ",")
        refusesLocation(
            location("a", exits: [], ambience: "[\(many)]"), .listLength(location: "a", list: "ambience"))
    }

    private func refuses(_ json: String, _ error: WorldError, _ place: SourceLocation = #_sourceLocation) {
        #expect(throws: error, sourceLocation: place) { try World(json: Array(json.utf8)) }
    }

    private func file(start: String, _ locations: [String]) -> String {
        #"{"start": "\#(start)", "locations": [\#(locations.joined(separator: ","))]}"#
    }

    private func location(
        _ id: String, exits: [String], name: String = #"{"en": "x", "ja": "x"}"#,
        ambience: String = #"[{"en": "x", "ja": "x"}]"#
    ) -> String {
        let exits = exits.map { "\"\($0)\"" }.joined(separator: ",")
        let text = #"{"en": "x", "ja": "x"}"#
        return """
            {"id": "\(id)", "name": \(name), "description": \(text), "exits": [\(exits)],
             "details": [{"name": \(text), "text": \(text)}], "ambience": \(ambience),
             "residents": [{"name": \(text), "manner": \(text)}]}
            """
    }
}
