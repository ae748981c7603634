import Base
import Testing
import Wire

@Suite struct HTTPHeadersTests {
    @Test func lookup_ignoresCase_andJoinsInOrder() {
        var headers = HTTPHeaders([("Accept", "a"), ("X", "1")])
        headers.add("ACCEPT", "b, c")
        #expect(headers["accept"] == "a, b, c")
        #expect(headers.values("Accept") == ["a", "b, c"])
        #expect(headers["y"] == nil)
        #expect(headers.values("y").isEmpty)
        #expect(headers.fields.map(\.name) == ["Accept", "X", "ACCEPT"])
    }

    @Test func lookup_foldsLettersOnly() {
        let headers = HTTPHeaders([("a@b", "1"), ("K", "2")])
        #expect(headers["A`B"] == nil)
        #expect(headers["\u{212A}"] == nil)
    }

    @Test func listElement_isFound_inAnyLineAndCase() {
        let headers = HTTPHeaders([("Connection", "foo ,\tUpgrade"), ("connection", ",, close")])
        #expect(headers.contains("upgrade", inList: "Connection"))
        #expect(headers.contains("CLOSE", inList: "connection"))
        #expect(!headers.contains("fo", inList: "connection"))
        #expect(!headers.contains("", inList: "connection"))
    }

    @Test func comma_separates_whateverStandsBehindIt() {
        let headers = HTTPHeaders([("Connection", "close,\u{301}x")])
        #expect(headers.contains("close", inList: "connection"))
    }
}
