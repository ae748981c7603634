import Base
import TestSupport
import Testing
import Wire

@Suite struct HTTPRequestParserTests {
    @Test func request_isRead_withPathQueryHeadersAndBody() throws {
        let parsing = HTTPParsing(
            "POST /api/%E5%9F%8E?a=1&b=%20 HTTP/1.1\r\nHost: game:8000\r\nX-A:  one \t\r\nx-a: two\r\n"
                + "Content-Length: 5\r\n\r\nhello")
        let request = try #require(parsing.requests.first)
        #expect(parsing.failure == nil)
        #expect(request.method == "POST")
        #expect(request.target == "/api/%E5%9F%8E?a=1&b=%20")
        #expect(request.path == "/api/城")
        #expect(request.query == "a=1&b=%20")
        #expect(request.minorVersion == 1)
        #expect(request.host == "game:8000")
        #expect(request.headers["X-a"] == "one, two")
        #expect(request.headers.fields.map(\.name) == ["Host", "X-A", "x-a", "Content-Length"])
        #expect(request.body == Array("hello".utf8))
        #expect(request.keepsAlive)
        #expect(!request.expectsContinue)
    }

    @Test func head_isGivenOnce_beforeTheRequest() throws {
        var parser = HTTPRequestParser()
        parser.append("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".utf8)
        guard case .head(let head) = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.expectsContinue)
        #expect(head.body.isEmpty)
        #expect(try parser.next() == .needMore)
        parser.append("ok".utf8)
        guard case .request(let request) = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(request.body == Array("ok".utf8))
        #expect(try parser.next() == .needMore)
    }

    @Test func chunkedBody_isJoined_andExtensionsAndTrailersAreDropped() throws {
        let parsing = HTTPParsing(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "5;name=\"v\"\r\nhello\r\n00A ;x\r\n, world!!!\r\n0\r\nExpires: never\r\nHost: b\r\n\r\n"
                + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(parsing.failure == nil)
        #expect(parsing.requests.map(\.path) == ["/", "/next"])
        #expect(parsing.requests[0].body == Array("hello, world!!!".utf8))
        #expect(parsing.requests[0].headers["Expires"] == nil)
        #expect(parsing.requests[0].headers["Host"] == "a")
    }

    @Test(arguments: [
        "5;a", "5;a=b", "5 ; a\t= b", "5;a;b=c;d=\"\"", "5;a=\"x;y \\\" \\\\ é\" ;b", "5\t;a=\"\t\"",
    ])
    func chunkExtensions_ofTheGrammar_arePassedOver(line: String) {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let input = Array((head + line + "\r\nhello\r\n0\(line.dropFirst())\r\n\r\n").utf8)
        for split in everySplit(of: input) {
            let parsing = HTTPParsing(split)
            #expect(parsing.failure == nil)
            #expect(parsing.requests.first?.body == Array("hello".utf8))
        }
    }

    @Test func pipelinedRequests_areEachReturned_inTurn() {
        let one = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        let two = "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        let three = "\r\nGET /3 HTTP/1.0\r\n\r\n"
        let parsing = HTTPParsing(one + two + three)
        #expect(parsing.requests.map(\.path) == ["/1", "/2", "/3"])
        #expect(parsing.requests.map(\.body.count) == [0, 3, 0])
        #expect(parsing.steps.count == 6)
    }

    @Test func everySplit_givesTheSameSteps() {
        let valid =
            "\r\nPUT http://h:1/a%20b?q HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
            + "transfer-encoding: chunked\r\n\r\n3;e\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n"
            + "POST /2 HTTP/1.0\r\nConnection: x, Keep-Alive\r\nContent-Length: 3\r\n\r\nxyz"
            + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        let inputs = [valid, valid + "bad\r\n\r\n"] + HTTPRefusalTests.cases.map(\.input)
        for input in inputs {
            let whole = HTTPParsing(input)
            for split in everySplit(of: Array(input.utf8)) {
                #expect(
                    HTTPParsing(split) == whole, "split at \(split[0].count) of \(input.debugDescription)")
            }
        }
        #expect(HTTPParsing(valid).requests.count == 3)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n", false),
        ("GET / HTTP/1.0\r\n", false), ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n", false),
        ("GET / HTTP/1.9\r\nHost: a\r\n", true),
    ])
    func keepsAlive_followsVersionAndConnection(head: String, keepsAlive: Bool) throws {
        let request = try #require(HTTPParsing(head + "\r\n").requests.first)
        #expect(request.keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        ("GET http://h HTTP/1.1", "/", nil, "h"), ("GET HTTP://h:80/p?q HTTP/1.1", "/p", "q", "h:80"),
        ("GET https://[::1]:8/p HTTP/1.1", "/p", nil, "[::1]:8"), ("GET http://h?q HTTP/1.1", "/", "q", "h"),
        ("OPTIONS * HTTP/1.1", "*", nil, "a"), ("GET //x/../y? HTTP/1.1", "//x/../y", "", "a"),
        ("GET /a+b%2Fc HTTP/1.1", "/a+b%2Fc", nil, "a"),
        ("GET /api%2fplayer HTTP/1.1", "/api%2Fplayer", nil, "a"),
        ("GET /%252F%41 HTTP/1.1", "/%252FA", nil, "a"),
    ])
    func target_isRead_inEachForm(line: String, path: String, query: String?, host: String) throws {
        let request = try #require(HTTPParsing(line + "\r\nHost: a\r\n\r\n").requests.first)
        #expect(request.path == path)
        #expect(request.query == query)
        #expect(request.host == host)
    }

    @Test func bodyLimit_isWhatWasSetAfterTheHead_andGoesBack() throws {
        let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd"
        var parser = HTTPRequestParser(limits: HTTPLimits(bodyBytes: 3))
        parser.append((request + request).utf8)
        _ = try parser.next()
        parser.bodyLimit = 4
        guard case .request = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(parser.bodyLimit == 3)
        _ = try parser.next()
        #expect(throws: HTTPParseError(status: 413, detail: "The body is larger than this resource takes.")) {
            try parser.next()
        }
    }

    @Test func announcedBody_beyondTheLimit_isRefusedBeforeItArrives() throws {
        for length in ["1048577", "99999999999999999999999999"] {
            let parsing = HTTPParsing("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
            #expect(parsing.steps.count == 1)
            #expect(parsing.failure?.status == 413)
        }
    }

    @Test func chunkedBody_beyondTheLimit_isRefusedAtTheChunkThatPassesIt() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let limits = HTTPLimits(bodyBytes: 4)
        #expect(HTTPParsing(head + "4\r\nabcd\r\n0\r\n\r\n", limits: limits).requests.count == 1)
        #expect(HTTPParsing(head + "4\r\nabcd\r\n1\r\n", limits: limits).failure?.status == 413)
        #expect(HTTPParsing(head + "7FFFFFFFFFFFFFFF\r\n", limits: limits).failure?.status == 413)
    }

    @Test func failure_isFinal_andDropsWhatFollows() {
        var parser = HTTPRequestParser()
        parser.append("nonsense\r\n".utf8)
        let first = #expect(throws: HTTPParseError.self) { try parser.next() }
        parser.append("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let second = #expect(throws: HTTPParseError.self) { try parser.next() }
        #expect(first == second)
        #expect(parser.bufferedBytes == 0)
        #expect(!parser.isBetweenRequests)
    }

    @Test func isBetweenRequests_untilTheFirstByte_andBehindTheLast() throws {
        var parser = HTTPRequestParser()
        #expect(parser.isBetweenRequests)
        parser.append("G".utf8)
        #expect(!parser.isBetweenRequests)
        parser.append("ET / HTTP/1.1\r\n".utf8)
        #expect(try parser.next() == .needMore)
        #expect(!parser.isBetweenRequests)
        #expect(parser.bufferedBytes == 0)
        parser.append("Host: a\r\n\r\n".utf8)
        _ = try parser.next()
        #expect(!parser.isBetweenRequests)
        _ = try parser.next()
        #expect(parser.isBetweenRequests)
    }

    @Test func remainingBytes_areGivenUp_behindAnUpgrade() throws {
        var parser = HTTPRequestParser()
        parser.append(
            "GET /s HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n".utf8
        )
        parser.append([0x81, 0x80, 1, 2, 3, 4])
        _ = try parser.next()
        guard case .request(let request) = try parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(request.isUpgrade(to: "websocket"))
        #expect(!request.isUpgrade(to: "h2c"))
        #expect(parser.takeRemaining() == [0x81, 0x80, 1, 2, 3, 4])
        #expect(parser.bufferedBytes == 0)
    }

    @Test func rawBuffer_isTakenIn_likeAnyBytes() throws {
        var parser = HTTPRequestParser()
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        unsafe bytes.withUnsafeBytes { buffer in unsafe parser.append(buffer) }
        guard case .head(let head) = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.path == "/")
    }

    @Test func headerValue_thatIsNoUTF8_isReadAsLatin1() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: caf".utf8) + [0xE9] + Array("\r\n\r\n".utf8)
        let request = try #require(HTTPParsing([bytes[...]]).requests.first)
        #expect(request.headers["x"] == "café")
    }

    @Test func queryItems_areDecoded_inOrder() throws {
        let line = "GET /?a=1&b=x+y%20z&&c&=d&a=%E5%9F%8E%zz%4&e=%FF=f HTTP/1.0\r\n\r\n"
        let items = try #require(HTTPParsing(line).requests.first).queryItems()
        #expect(items.map(\.name) == ["a", "b", "c", "", "a", "e"])
        #expect(items.map(\.value) == ["1", "x y z", "", "d", "城%zz%4", "\u{FFFD}=f"])
        #expect(HTTPRequest(method: "GET", target: "/", path: "/").queryItems().isEmpty)
    }

    @Test func standardLimits_standInRelation() {
        let limits = HTTPLimits.standard
        #expect(limits.requestLineBytes <= limits.headerBytes)
        #expect(limits.chunkLineBytes <= limits.chunkExtensionBytes)
        #expect(limits.trailerBytes <= limits.headerBytes)
        #expect(limits.headerCount * 4 <= limits.headerBytes)
    }
}
