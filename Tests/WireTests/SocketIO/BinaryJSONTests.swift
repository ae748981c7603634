import Base
import FoundationEssentials
import TestSupport
import Testing
import Wire

@Suite struct BinaryJSONTests {
    @Test(
        arguments: [
            (#"["a",{"_placeholder":true,"num":0}]"#, [[1, 2, 3]], #"["a",{"$binary":"AQID"}]"#),
            (
                #"["a",{"_placeholder":true,"num":1},{"x":[{"num":0,"_placeholder":true}]}]"#, [[1], [2]],
                #"["a",{"$binary":"Ag=="},{"x":[{"$binary":"AQ=="}]}]"#
            ),
            (#" { "_placeholder" : true , "num" : 0 } "#, [[]], #" {"$binary":""} "#),
            (#"[{"_pl\u0061ceholder":true,"n\u0075m":0}]"#, [[255]], #"[{"$binary":"/w=="}]"#),
            (#"["{\"_placeholder\":true,\"num\":0}","_placeholder"]"#, [], #"same"#),
            (#"[{"_placeholder":false,"num":7},{"num":0},{"_placeholder":1}]"#, [], #"same"#),
            (
                #"[{"_placeholder":{"_placeholder":true,"num":0}}]"#, [[0]],
                #"[{"_placeholder":{"$binary":"AA=="}}]"#
            ),
            (#"[{"a":{"_placeholder":true,"num":0}},true]"#, [[0]], #"[{"a":{"$binary":"AA=="}},true]"#),
        ] as [(String, [[UInt8]], String)])
    func placeholders_areReplaced(json: String, attachments: [[UInt8]], expected: String) throws {
        let inlined = try BinaryJSON.inlined(json: json, attachments: attachments)
        #expect(inlined == (expected == "same" ? json : expected))
    }

    @Test(
        arguments: [
            (#"[{"_placeholder":true,"num":1}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":-1}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":-0}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":0.0}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":0e0}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":99999999999999999999999}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":"0"}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":"splice"}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":null}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":[0]}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":0,"x":1}]"#, .invalidPlaceholder),
            (#"[{"x":1,"_placeholder":true,"num":0}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"_placeholder":true}]"#, .invalidPlaceholder),
            (#"[{"num":0,"num":0,"_placeholder":true}]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#, .invalidPlaceholder),
            (#"[{"_pl\u0061ceholder" : true}]"#, .invalidPlaceholder),
            (#"["no placeholder"]"#, .invalidPlaceholder),
            (#"[{"_placeholder":true,"num":0}"#, .invalidPayload),
            (#"[{"_placeholder":true,"num":00}]"#, .invalidPayload), ("", .invalidPayload),
            ("{", .invalidPayload),
            (#"[] []"#, .invalidPayload), (#"["\ud8"]"#, .invalidPayload),
            (String(repeating: "[", count: 100_000), .invalidPayload),
        ] as [(String, SocketIOError)])
    func placeholders_areRefused(json: String, error: SocketIOError) {
        #expect(throws: error) { try BinaryJSON.inlined(json: json, attachments: [[1]]) }
    }

    @Test(
        arguments: [
            (#"["a",{"$binary":"AQID"}]"#, #"["a",{"_placeholder":true,"num":0}]"#, [[1, 2, 3]]),
            (
                #"[{"x":{"$binary":""}},[{ "$binary" : "\/w==" }]]"#,
                #"[{"x":{"_placeholder":true,"num":0}},[{"_placeholder":true,"num":1}]]"#, [[], [255]]
            ),
            (#"{"$binary":"AQ=="}"#, #"{"_placeholder":true,"num":0}"#, [[1]]),
            (
                #"[{"$binary":"A"},{"$binary":"AQ==","x":1},{"$binary":1},{"$binary":"AQ=="}]"#,
                #"[{"$binary":"A"},{"$binary":"AQ==","x":1},{"$binary":1},{"_placeholder":true,"num":0}]"#,
                [[1]]
            ),
            (
                #"["_placeholder",{"_placeholder":false},{"$binary":"AQ=="}]"#,
                #"["_placeholder",{"_placeholder":false},{"_placeholder":true,"num":0}]"#, [[1]]
            ),
        ] as [(String, String, [[UInt8]])])
    func binaries_areTakenOut(json: String, expected: String, attachments: [[UInt8]]) throws {
        let parts = try #require(BinaryJSON.extracted(json: json))
        #expect(parts.json == expected)
        #expect(parts.attachments == attachments)
    }

    @Test(
        arguments: [
            "", "[]", #"["$binary"]"#, #"["{\"$binary\":\"AQ==\"}"]"#, #"[{"$binary":"AQ="}]"#,
            #"[{"$binary":"AQ==","y":2}]"#, #"[{"$binary":null}]"#, #"[{"$binary":"AQ=="}"#,
            #"[{"$binary":"AQ=="}]]"#, #"[{"$binary":{}}]"#, #""$binary"#, #""$binary""#, "$binary\"",
            #"[{"$binary":"AQ=="},{"_placeholder":true,"num":0}]"#,
            #"[{"$binary":"AQ=="},{"x":{"_placeholder" : true}}]"#,
            #"[{"_pl\u0061ceholder":true},{"$binary":"AQ=="}]"#, #"[{"$binary":"AQ\n=="}]"#,
        ])
    func text_withoutBinaries_isLeftAlone(json: String) {
        #expect(BinaryJSON.extracted(json: json) == nil)
    }

    @Test func inlined_undoesExtracted() throws {
        let seed: UInt64 = 0x6269_6E61
        var generator = SplitMix64(seed: seed)
        let valid = Array(
            #"["x\"{",{"$binary":"AQIDBA=="},{"a":[{"$binary":"/+8z"},{"_placeholder":false}]},-1.5e3,"é"]"#
                .utf8)
        for round in 0..<4000 {
            let text = String(decoding: mutated(valid, with: &generator), as: UTF8.self)
            guard let parts = BinaryJSON.extracted(json: text) else { continue }
            let again = try BinaryJSON.inlined(json: parts.json, attachments: parts.attachments)
            let whole = try? JSONDecoder().decode(JSONShape.self, from: Data(text.utf8))
            guard let whole else { continue }
            let parsed = try JSONDecoder().decode(JSONShape.self, from: Data(again.utf8))
            #expect(parsed == whole, "seed \(seed), round \(round)")
        }
    }

    @Test func mutatedPlaceholders_neverTrap_andGiveJSON() {
        let seed: UInt64 = 0x706C_6163
        var generator = SplitMix64(seed: seed)
        let valid = Array(
            #"["x",{"_placeholder":true,"num":0},{"a":{"num":1,"_placeholder":true}},"_placeholder",{"num":3}]"#
                .utf8)
        for round in 0..<4000 {
            let text = String(decoding: mutated(valid, with: &generator), as: UTF8.self)
            guard let json = try? BinaryJSON.inlined(json: text, attachments: [[1, 2], [3]]) else { continue }
            #expect(JSONScanner.elements(of: json) != nil, "seed \(seed), round \(round)")
            #expect(json.contains(#"{"$binary":"AQI="}"#), "seed \(seed), round \(round)")
            #expect(json.contains(#"{"$binary":"Aw=="}"#), "seed \(seed), round \(round)")
        }
    }
}
