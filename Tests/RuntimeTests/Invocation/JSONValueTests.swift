import Testing

@testable import Functions
import Runtime

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), ("0", .integer(0)), ("1.0", .integer(1)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
        ("1.5", .number(1.5)), ("1e3", .integer(1_000)), (#""\u0000é""#, .string("\0é")), ("[]", .array([])),
        ("{}", .object([:])),
        (
            #"{"a":[1,{"b":null}],"c":false}"#,
            .object(["a": .array([.integer(1), .object(["b": .null])]), "c": .bool(false)])
        ),
    ])
    func everyKindOfValue_isRead(_ text: String, _ value: JSONValue) throws {
        #expect(try JSON.decode(JSONValue.self, text: text) == value)
        #expect(try JSON.decode(JSONValue.self, text: JSON.encode(value)) == value)
    }

    @Test func keys_areSorted() throws {
        let value = JSONValue.object(["b": .integer(1), "a": .number(0.5), "ä": .string("/")])
        #expect(try JSON.encode(value) == #"{"a":0.5,"b":1,"ä":"/"}"#)
        #expect(throws: (any Error).self) { try JSON.encode(JSONValue.number(.infinity)) }
    }

    @Test(arguments: [100, 128, 129, 400])
    func depth_isLimited(_ depth: Int) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let value = try? JSON.decode(JSONValue.self, text: text)
        #expect((value != nil) == (depth <= JSONValue.maximumDepth))
    }
}
