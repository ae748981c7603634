import Wire
import Base
import Testing

@Suite struct HTTPRefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let status: Int
        let testDescription: String
        let input: String

        init(_ status: Int, _ name: String, _ input: String) {
            self.status = status
            testDescription = name
            self.input = input
        }

        /// A request with these field lines and content behind a Host.
        static func fields(_ status: Int, _ name: String, _ fields: String, body: String = "") -> Case {
            Case(status, name, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)")
        }

        static func chunks(_ status: Int, _ name: String, _ body: String) -> Case {
            fields(status, name, "Transfer-Encoding: chunked", body: body)
        }

        static func line(_ status: Int, _ name: String, _ line: String) -> Case {
            Case(status, name, line + "\r\nHost: a\r\n\r\n")
        }
    }

    static let cases: [Case] =
        lines + framing + fields + chunks + [
            .fields(417, "unknown expectation", "Expect: 200-ok"),
            .fields(417, "repeated expectation", "Expect: 100-continue\r\nExpect: 100-continue"),
        ]

    static let lines: [Case] = [
        .line(400, "no version", "GET /"), .line(400, "empty method", " / HTTP/1.1"),
        .line(400, "method is no token", "G(T / HTTP/1.1"), .line(400, "two spaces", "GET  / HTTP/1.1"),
        .line(400, "space in target", "GET /a b HTTP/1.1"), .line(400, "space at the end", "GET / HTTP/1.1 "),
        .line(400, "tab", "GET\t/ HTTP/1.1"), .line(400, "version in lower case", "GET / http/1.1"),
        .line(400, "version with two digits", "GET / HTTP/1.10"), .line(400, "no minor", "GET / HTTP/1"),
        .line(505, "HTTP/2", "PRI * HTTP/2.0"), .line(505, "HTTP/0.9", "GET / HTTP/0.9"),
        .line(400, "asterisk for GET", "GET * HTTP/1.1"), .line(400, "fragment", "GET /a#b HTTP/1.1"),
        .line(400, "relative target", "GET a HTTP/1.1"), .line(400, "other scheme", "GET ftp://a/ HTTP/1.1"),
        .line(400, "no authority", "GET http:///a HTTP/1.1"), .line(400, "short", "GET http:// HTTP/1.1"),
        .line(400, "user information", "GET http://u@a/ HTTP/1.1"),
        .line(501, "CONNECT", "CONNECT a:1 HTTP/1.1"),
        .line(400, "control character", "GET /\u{1} HTTP/1.1"), .line(400, "NUL", "GET /\0 HTTP/1.1"),
        .line(400, "not ASCII", "GET /城 HTTP/1.1"), .line(400, "bad encoding", "GET /%4 HTTP/1.1"),
        .line(400, "bad hex", "GET /%zz HTTP/1.1"), .line(400, "encoded NUL", "GET /%00 HTTP/1.1"),
        .line(400, "path is no UTF-8", "GET /%ff HTTP/1.1"),
        .line(400, "bare CR", "GET / HTTP/1.1\rX: y"),
        .line(400, "three empty lines", "\r\n\r\n\r\nGET / HTTP/1.1"),
        Case(400, "bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        Case(400, "LF only", "GET / HTTP/1.1\n\n"),
        Case(414, "long request line", "GET /" + String(repeating: "a", count: 8192) + " HTTP/1.1\r\n"),
        Case(414, "long line without end", "GET /" + String(repeating: "a", count: 8194)),
        .line(501, "long method", String(repeating: "A", count: 33) + " / HTTP/1.1"),
        .line(501, "long method and nothing else", String(repeating: "A", count: 33)),
        Case(501, "long method with a bare LF", String(repeating: "A", count: 33) + "\n"),
    ]

    static let framing: [Case] = [
        .fields(400, "lengths that differ", "Content-Length: 1\r\nContent-Length: 2"),
        .fields(400, "lengths that agree", "Content-Length: 1\r\ncontent-length: 1"),
        .fields(400, "list of lengths", "Content-Length: 1, 1"), .fields(400, "no length", "Content-Length:"),
        .fields(400, "signed length", "Content-Length: +1"), .fields(400, "negative", "Content-Length: -1"),
        .fields(400, "hexadecimal length", "Content-Length: 0x1"),
        .fields(400, "spaced length", "Content-Length: 1 0"), .fields(400, "fraction", "Content-Length: 1.0"),
        .fields(400, "digits that are not ASCII", "Content-Length: １"),
        .fields(400, "both lengths", "Content-Length: 1\r\nTransfer-Encoding: chunked"),
        .fields(400, "both lengths, other way", "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .fields(400, "chunked twice", "Transfer-Encoding: chunked, chunked"),
        .fields(400, "chunked in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        .fields(400, "chunked is not last", "Transfer-Encoding: chunked, gzip"),
        .fields(400, "chunked then identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        .fields(400, "empty coding", "Transfer-Encoding:"), .fields(400, "commas", "Transfer-Encoding: ,"),
        .fields(400, "coding with a parameter", "Transfer-Encoding: chunked;q=1"),
        .fields(400, "coding in quotes", "Transfer-Encoding: \"chunked\""),
        .fields(400, "vertical tab", "Transfer-Encoding: \u{B}chunked"),
        .fields(501, "known but not taken", "Transfer-Encoding: gzip, chunked"),
        .fields(501, "unknown coding", "Transfer-Encoding: xchunked"),
        .fields(501, "identity", "Transfer-Encoding: identity"),
        Case(400, "coding over HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]

    static let fields: [Case] = [
        Case(400, "no host", "GET / HTTP/1.1\r\n\r\n"), .fields(400, "two hosts", "Host: a"),
        Case(400, "two hosts over HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
        Case(400, "host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        Case(400, "host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        Case(400, "host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        Case(400, "host with bad port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"),
        Case(400, "host with long port", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n"),
        Case(400, "half an address", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        Case(400, "no host but an authority", "GET http://a/ HTTP/1.1\r\n\r\n"),
        .fields(400, "space before the colon", "Content-Length : 1"), .fields(400, "no colon", "abc"),
        .fields(400, "empty name", ": a"), .fields(400, "name is no token", "X(: a"),
        .fields(400, "name is not ASCII", "Ö: a"), .fields(400, "NUL in a name", "X\0: a"),
        .fields(400, "folded line", "X: a\r\n b"), .fields(400, "folded with a tab", "X: a\r\n\tb"),
        Case(400, "blanks before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        .fields(400, "NUL in a value", "X: a\0b"),
        .fields(400, "bare CR in a value", "X: a\rContent-Length: 9"),
        .fields(400, "bare LF in a value", "X: a\nContent-Length: 9"), .fields(400, "DEL", "X: \u{7F}"),
        .fields(400, "CR before CRLF", "X: a\r"),
        .fields(431, "long field", "X: " + String(repeating: "a", count: 32 * 1024)),
        .fields(431, "many fields", String(repeating: "X: a\r\n", count: 100) + "X: a"),
    ]

    static let chunks: [Case] = [
        .chunks(400, "no size", "\r\n"), .chunks(400, "size is no number", "g\r\n"),
        .chunks(400, "signed size", "+1\r\na\r\n0\r\n\r\n"), .chunks(400, "negative size", "-1\r\n"),
        .chunks(400, "prefixed size", "0x1\r\na\r\n"), .chunks(400, "space before the size", " 1\r\na\r\n"),
        .chunks(400, "size out of range", "8000000000000000\r\n"),
        .chunks(400, "size that wraps to 1", "10000000000000001\r\na\r\n"),
        .chunks(413, "size beyond the limit", "100001\r\n"),
        .chunks(400, "size behind a blank", "1 1\r\na\r\n"), .chunks(400, "blank at the end", "1 \r\na\r\n"),
        .chunks(400, "bare LF behind the size", "1\na\r\n"), .chunks(400, "bare CR", "1\ra\r\n"),
        .chunks(400, "bare LF in an extension", "1;a\nb\r\n"), .chunks(400, "NUL", "1;\0\r\na\r\n"),
        .chunks(400, "bare semicolon", "1;\r\na\r\n0\r\n\r\n"),
        .chunks(400, "two semicolons", "1;;a\r\na\r\n0\r\n\r\n"),
        .chunks(400, "extension's name is no token", "1;a b\r\na\r\n0\r\n\r\n"),
        .chunks(400, "extension's name in quotes", "1;\"a\"\r\na\r\n0\r\n\r\n"),
        .chunks(400, "extension without a name", "1;=a\r\na\r\n0\r\n\r\n"),
        .chunks(400, "extension without a value", "1;a=\r\na\r\n0\r\n\r\n"),
        .chunks(400, "unclosed quote", "1;a=\"b\r\na\r\n0\r\n\r\n"),
        .chunks(400, "quote that its escape leaves open", "1;a=\"b\\\"\r\na\r\n0\r\n\r\n"),
        .chunks(400, "backslash at the end", "1;a=\"b\\\r\na\r\n0\r\n\r\n"),
        .chunks(400, "text behind a quote", "1;a=\"b\"c\r\na\r\n0\r\n\r\n"),
        .chunks(400, "value is no token", "1;a=b@c\r\na\r\n0\r\n\r\n"),
        .chunks(400, "blanks at the end of an extension", "1;a=b \r\na\r\n0\r\n\r\n"),
        .chunks(400, "extension of the last chunk", "1\r\na\r\n0;\r\n\r\n"),
        .chunks(400, "chunk is longer than its size", "1\r\nab\r\n"),
        .chunks(400, "bare LF behind the chunk", "1\r\na\n0\r\n\r\n"),
        .chunks(400, "long size line", "1;" + String(repeating: "a", count: 1024) + "\r\na\r\n"),
        .chunks(
            400, "long extensions",
            String(repeating: "1;\(String(repeating: "a", count: 1000))\r\na\r\n", count: 9)),
        .chunks(400, "trailer is no field", "0\r\nabc\r\n\r\n"),
        .chunks(400, "folded trailer", "0\r\n a\r\n\r\n"),
        .chunks(400, "bare LF behind the trailers", "0\r\n\n"),
        .chunks(431, "long trailers", "0\r\nX: " + String(repeating: "a", count: 8192) + "\r\n\r\n"),
        .chunks(431, "many trailers", "0\r\n" + String(repeating: "X:\r\n", count: 101) + "\r\n"),
    ]

    @Test(arguments: cases)
    func request_isRefused_withItsStatus(_ refused: Case) {
        let parsing = HTTPParsing(refused.input)
        #expect(parsing.failure?.status == refused.status)
        #expect(parsing.requests.isEmpty)
    }

    @Test func detail_repeatsNothing_ofWhatTheClientSent() {
        for refused in Self.cases {
            let detail = HTTPParsing(refused.input).failure?.detail ?? ""
            #expect(!detail.isEmpty)
            #expect(detail.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        }
    }

    @Test func methodOf100KB_isNotImplemented_whateverFollows() {
        let method = String(repeating: "M", count: 102_400)
        for end in ["", " / HTTP/1.1\r\nHost: a\r\n\r\n", "\n", "\r\n", "("] {
            #expect(HTTPParsing(method + end).failure?.status == 501, "behind it: \(end.debugDescription)")
        }
    }

    @Test func fieldsAtTheLimits_pass() {
        let method = String(repeating: "M", count: 32)
        #expect(HTTPParsing(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").requests.first?.method == method)
        let line = "GET /" + String(repeating: "a", count: 8192 - 14) + " HTTP/1.1\r\n"
        #expect(HTTPParsing(line + "Host: a\r\n\r\n").requests.count == 1)
        let many = String(repeating: "X: a\r\n", count: 99)
        #expect(HTTPParsing("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n").requests.count == 1)
        let long = "X: " + String(repeating: "a", count: 32 * 1024 - 9 - 5) + "\r\n"
        #expect(HTTPParsing("GET / HTTP/1.1\r\nHost: a\r\n\(long)\r\n").requests.count == 1)
    }
}
