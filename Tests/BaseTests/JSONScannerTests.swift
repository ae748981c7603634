import Base
import FoundationEssentials
import TestSupport
import Testing

@Suite struct JSONScannerTests {
    @Test(
        arguments: [
            ("[]", []), (" [ ] ", []), ("[1]", ["1"]),
            ("[ 1 , -0.5e+3,\ttrue,\r\nfalse , null ]", ["1", "-0.5e+3", "true", "false", "null"]),
            (#"["]","[","\"",",","\\"]"#, [#""]""#, #""[""#, #""\"""#, #"",""#, #""\\""#]),
            (#"[{"a":[{}],"b":{"c":[]}},[[],[1]]]"#, [#"{"a":[{}],"b":{"c":[]}}"#, "[[],[1]]"]),
            (#"["\u00e9","城",""]"#, [#""\u00e9""#, #""城""#, #""""#]),
            ("[0,-0,10,1E5]", ["0", "-0", "10", "1E5"]),
            (#"[ { "a" : 1 , "b" : [ 2 , 3 ] } ]"#, [#"{ "a" : 1 , "b" : [ 2 , 3 ] }"#]),
        ] as [(String, [String])])
    func array_isSplit_intoItsElements(json: String, elements: [String]) {
        #expect(JSONScanner.elements(of: json) == elements)
    }

    @Test(arguments: [
        "", " ", "[", "]", "{}", "1", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "[1]]", "[1]x", "[[1]",
        "[{]}", "[{]",
        "[{\"a\"}]", "[{\"a\":}]", "[{\"a\":1,}]", "[{,}]", "[{1:2}]", "[{\"a\" 1}]", "[\"]", "[\"\\\"]",
        "[\"\\x\"]",
        "[\"\\u12g4\"]", "[\"\\u12\"]", "[\"\n\"]", "[\"\0\"]", "[01]", "[-]", "[1.]", "[.5]", "[1e]",
        "[1e+]", "[+1]", "[tru]",
        "[truex]", "[nul", "[NaN]", "['a']", "[1]\0", "\u{FEFF}[1]", "[\u{A0}1]",
    ])
    func text_thatIsNoArray_givesNothing(json: String) {
        #expect(JSONScanner.elements(of: json) == nil)
    }

    @Test func depth_isLimited() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(JSONScanner.elements(of: nested(JSONScanner.depthLimit)) != nil)
        #expect(JSONScanner.elements(of: nested(JSONScanner.depthLimit + 1)) == nil)
        #expect(JSONScanner.elements(of: String(repeating: "[", count: 1_000_000)) == nil)
        #expect(JSONScanner.elements(of: String(repeating: "[{\"a\":", count: 100_000)) == nil)
    }

    @Test func members_areSplit_withDecodedNames() throws {
        let members = try #require(JSONScanner.members(of: #" {"a\n" : [1,2] , "":{"b":"}"}} "#))
        #expect(members.map(\.name) == ["a\n", ""])
        #expect(members.map(\.value) == ["[1,2]", #"{"b":"}"}"#])
        #expect(JSONScanner.members(of: "{}")?.isEmpty == true)
        for bad in ["", "[]", "{", "{\"a\"}", "{\"a\":1,}", "{\"a\":1}}", "{a:1}", "{\"\\ud800\":1}"] {
            #expect(JSONScanner.members(of: bad) == nil, "\(bad)")
        }
    }

    @Test func valuesOfAFewMembers_areTheLastOfEachName() {
        let json = #" {"token":1,"a":{"token":2},"to\u006ben":"x","pid":[ 1 ],"tokens":3} "#
        #expect(JSONScanner.values(of: ["token", "pid", "none"], in: json) == ["\"x\"", "[ 1 ]", nil])
        #expect(JSONScanner.values(of: [], in: "{}") == [])
        #expect(JSONScanner.values(of: [""], in: #"{"":1}"#) == ["1"])
        for bad in ["", "[]", "{", "{\"a\":1,}", "{\"a\":1}}", "{a:1}", "1"] {
            #expect(JSONScanner.values(of: ["a"], in: bad) == nil, "\(bad)")
        }
        #expect(JSONScanner.values(of: ["a"], in: #"{"a":1}"#, atMost: 7) == ["1"])
        #expect(JSONScanner.values(of: ["a"], in: #"{"a":1}"#, atMost: 6) == nil)
    }

    @Test func quoted_isALiteral_thatAnyDecoderReads() throws {
        var generator = SplitMix64(seed: 42)
        var texts = ["", "\"", "\\", "\u{0}\u{1F}\u{7F}\u{2028}", "a/b\n\r\t", "城😀é", "\u{10FFFF}"]
        for _ in 0..<300 {
            let bytes = (0..<12).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        for text in texts {
            let literal = JSONScanner.quoted(text)
            #expect(JSONScanner.string(of: literal) == text)
            #expect(JSONScanner.elements(of: "[\(literal)]") == [literal])
            let decoded = try JSONDecoder().decode([String].self, from: Data("[\(literal)]".utf8))
            #expect(decoded == [text])
        }
    }

    @Test(
        arguments: [
            (#""a\u0041\"\\\/\b\f\n\r\t""#, "aA\"\\/\u{8}\u{C}\n\r\t"), (#""\ud83d\uDE00""#, "😀"),
            (#""\u0000""#, "\0"),
            (#""\ud83d""#, nil), (#""\ude00""#, nil), (#""\ud83dx""#, nil), (#""\ud83d\u0041""#, nil),
            (#""a"b""#, nil),
            (#""\""#, nil), (#""\u12""#, nil), ("\"", nil), ("\"\n\"", nil), ("a", nil), ("", nil),
            (" \"a\"", nil),
        ] as [(String, String?)])
    func literal_isDecoded(literal: String, text: String?) {
        #expect(JSONScanner.string(of: literal) == text)
    }

    @Test func mutatedArrays_areSplit_asADecoderSplitsThem() {
        let seed: UInt64 = 0x6A73_6F6E
        var generator = SplitMix64(seed: seed)
        let valid = Array(#"["a\"],[",{"b":[1,-2.5e3,{"c":null}],"d\\":"é"},[true,[]],"\u0041"]"#.utf8)
        for round in 0..<3000 {
            let text = String(decoding: mutated(valid, with: &generator), as: UTF8.self)
            guard let elements = JSONScanner.elements(of: text) else { continue }
            // A split is right where every element is well-formed by itself and together they are the array.
            for element in elements {
                #expect(JSONScanner.elements(of: "[\(element)]") == [element], "seed \(seed), round \(round)")
            }
            guard let whole = try? JSONDecoder().decode([JSONShape].self, from: Data(text.utf8)) else {
                continue
            }
            #expect(whole.count == elements.count, "seed \(seed), round \(round)")
            let parts = elements.compactMap { try? JSONDecoder().decode(JSONShape.self, from: Data($0.utf8)) }
            #expect(parts == whole, "seed \(seed), round \(round)")
        }
    }
}
