import Base
import Testing
import Wire

@Suite struct HTTPResponseTests {
    private func encoded(
        _ response: HTTPResponse, toHead: Bool = false, keepAlive: Bool = true, minorVersion: Int = 1
    ) -> String {
        var output: [UInt8] = []
        response.encode(
            into: &output, toHead: toHead, keepAlive: keepAlive, date: "Tue, 15 Nov 1994 08:12:31 GMT",
            minorVersion: minorVersion)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func response_isWritten_withDateAndLength() {
        let response = HTTPResponse(
            status: 201, headers: HTTPHeaders([("Content-Type", "text/plain")]), body: Array("hi".utf8))
        let head =
            "HTTP/1.1 201 Created\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Type: text/plain\r\n"
            + "Content-Length: 2\r\n"
        #expect(encoded(response) == head + "\r\nhi")
        #expect(encoded(response, toHead: true) == head + "\r\n")
        #expect(encoded(response, keepAlive: false) == head + "Connection: close\r\n\r\nhi")
        #expect(encoded(response, minorVersion: 0) == head + "Connection: keep-alive\r\n\r\nhi")
    }

    @Test func response_isWritten_behindWhatIsThere() {
        var output = Array("before".utf8)
        HTTPResponse(status: 299).encode(into: &output, toHead: false, keepAlive: true, date: "")
        #expect(String(decoding: output, as: UTF8.self) == "beforeHTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n")
    }

    @Test(arguments: [101, 204, 304])
    func statusWithoutContent_hasNoLengthAndNoBody(status: Int) {
        let text = encoded(HTTPResponse(status: status, body: [0x41]))
        #expect(!text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test func status205_hasLengthZero() {
        #expect(encoded(HTTPResponse(status: 205, body: [0x41])).hasSuffix("Content-Length: 0\r\n\r\n"))
    }

    @Test(arguments: [Int.min, -1, 0, 99, 600, Int.max])
    func statusOutOfRange_isSentAs500(status: Int) {
        #expect(encoded(HTTPResponse(status: status)).hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    }

    @Test func headers_cannotSplitTheResponse() {
        let headers = HTTPHeaders([
            ("X", "a\r\nSet-Cookie: b\0c"), ("Bad Name", "1"), ("Y\r\nZ", "1"), ("", "1"), ("T", "a\tb"),
            ("U", "\r\n城"),
        ])
        let text = encoded(HTTPResponse(status: 200, headers: headers))
        #expect(
            text == "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nX: a  Set-Cookie: b c\r\n"
                + "T: a\tb\r\nU:   城\r\nContent-Length: 0\r\n\r\n")
    }

    @Test func headers_cannotContradictTheFraming() {
        let headers = HTTPHeaders([
            ("content-length", "9"), ("TRANSFER-ENCODING", "chunked"), ("connection", "close"), ("date", "x"),
        ])
        let text = encoded(HTTPResponse(status: 200, headers: headers, body: [0x41]))
        #expect(
            text == "HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 1\r\n\r\nA")
    }
}
