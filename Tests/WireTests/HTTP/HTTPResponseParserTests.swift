import TestSupport
import Testing
import Wire

/// What came out of a parser until it wanted more or failed; pieces of a content as one.
struct HTTPResponseReading: Equatable {
    var heads: [HTTPResponseHead] = []
    private var contents: [[UInt8]] = []
    var ended = 0
    var failure: HTTPResponseError?

    var bodies: [String] { contents.map { String(decoding: $0, as: UTF8.self) } }

    init(
        _ pieces: [ArraySlice<UInt8>], limits: HTTPLimits = .response,
        tolerating tolerance: HTTPResponseParser.Tolerance = [], toHead: Bool = false, ends: Bool = true
    ) {
        var parser = HTTPResponseParser(limits: limits, tolerating: tolerance)
        parser.answersHead = toHead
        for piece in pieces {
            parser.append(piece)
            read(&parser)
        }
        guard ends, failure == nil, !parser.isBetweenResponses else { return }
        parser.finish()
        read(&parser, isOver: true)
    }

    init(
        _ text: String, limits: HTTPLimits = .response,
        tolerating tolerance: HTTPResponseParser.Tolerance = [], toHead: Bool = false, ends: Bool = true
    ) {
        self.init(
            [Array(text.utf8)[...]], limits: limits, tolerating: tolerance, toHead: toHead, ends: ends)
    }

    private mutating func read(_ parser: inout HTTPResponseParser, isOver: Bool = false) {
        do throws(HTTPResponseError) {
            while true {
                switch try parser.next() {
                case .needMore: return
                case .head(let head):
                    heads.append(head)
                    contents.append([])
                case .content(let content):
                    contents[contents.count - 1] += content
                case .end:
                    ended += 1
                    if isOver, parser.isBetweenResponses { return }
                }
            }
        } catch { failure = error }
    }
}

@Suite struct HTTPResponseParserTests {
    private static let stream =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        + "\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello"
        + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n002\r\nde\r\n0\r\nT: u\r\n\r\n"
        + "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        + "HTTP/1.0 200\r\n\r\nrest"

    private func cuts(_ text: String) -> [[ArraySlice<UInt8>]] {
        let bytes = Array(text.utf8)
        return (0...bytes.count).map { [bytes[..<$0], bytes[$0...]] } + [bytes.indices.map { bytes[$0...$0] }]
    }

    @Test func responses_areRead_atEveryChunkBoundary() {
        let whole = HTTPResponseReading(Self.stream)
        #expect(whole.heads.map(\.status) == [202, 200, 204, 200, 200])
        #expect(whole.bodies == ["hello", "abcde", "", "", "rest"])
        #expect(whole.heads.map(\.keepsAlive) == [true, true, true, false, false])
        #expect(whole.heads.first?.headers["x-a"] == "b")
        #expect(whole.ended == 5 && whole.failure == nil)
        for (index, pieces) in cuts(Self.stream).enumerated() {
            #expect(HTTPResponseReading(pieces) == whole, "\(index)")
        }
    }

    @Test(arguments: [
        "HTTP/1.0 200\nA:b\n\nhello", "HTTP/1.1 200 OK\nA: b\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n2  \nhe\n3 ;x\t\r\nllo\n0\n\n",
    ])
    func looseLines_areReadWhereTolerated_atEveryChunkBoundary(_ text: String) {
        for (index, pieces) in cuts(text).enumerated() {
            let reading = HTTPResponseReading(pieces, tolerating: .looseLines)
            #expect(reading.bodies == ["hello"] && reading.ended == 1, "\(index)")
            #expect(reading.heads.first?.headers["a"] == "b", "\(index)")
            guard case .malformed = HTTPResponseReading(pieces).failure else {
                Issue.record("\(index) is read without it")
                return
            }
        }
    }

    @Test func anUpgrade_leavesWhatFollows_andIsRefusedUnasked() throws {
        let bytes = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nab".utf8)
        var parser = HTTPResponseParser(tolerating: .upgrade)
        parser.append(bytes)
        guard case .head(let head) = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.status == 101)
        #expect(try parser.next() == .end)
        #expect(parser.takeRemaining() == Array("ab".utf8))
        var plain = HTTPResponseParser()
        plain.append(bytes)
        #expect(throws: HTTPResponseError.self) { try plain.next() }
    }

    @Test func anAnswerToHEAD_hasNoContent() {
        for fields in ["Content-Length: 5", "Transfer-Encoding: chunked", "A: b"] {
            let reading = HTTPResponseReading(
                "HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n", toHead: true, ends: false)
            #expect(reading.bodies == [""] && reading.ended == 1)
        }
    }

    @Test func chunksOverHTTP10_areTheConnectionsLast() {
        let text = "HTTP/1.0 200\r\nConnection: keep-alive\r\n"
        let chunked = HTTPResponseReading(text + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
        #expect(chunked.bodies == ["a"] && chunked.heads.map(\.keepsAlive) == [false])
        #expect(HTTPResponseReading(text + "Content-Length: 0\r\n\r\n").heads.map(\.keepsAlive) == [true])
    }

    @Test(arguments: [
        "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n",
        "HTTP/1.x 200\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
        "\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: \u{1}\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1 101 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    ])
    func whatIsNoResponse_isRefused(_ text: String) {
        guard case .malformed = HTTPResponseReading(text).failure else {
            Issue.record("it is read")
            return
        }
    }

    private static let tight = HTTPLimits(
        headerBytes: 200, headerCount: 50, bodyBytes: 100, trailerBytes: 40)

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101), String(repeating: "x", count: 202),
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 40),
        String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + String(repeating: "a: b\r\n", count: 10),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: "32\r\n" + String(repeating: "x", count: 50) + "\r\n", count: 3),
    ])
    func whatIsTooLong_isRefused(_ text: String) {
        for pieces in cuts(text) {
            #expect(HTTPResponseReading(pieces, limits: Self.tight).failure == .tooLong)
        }
    }

    @Test(arguments: [
        "H", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
    ])
    func whatEndsBeforeItsEnd_isCut(_ text: String) {
        #expect(HTTPResponseReading(text, ends: false).failure == nil)
        #expect(HTTPResponseReading(text).failure == .cut)
    }

    @Test func whereNothingCame_theEndIsACut() {
        var parser = HTTPResponseParser()
        parser.finish()
        #expect(throws: HTTPResponseError.cut) { try parser.next() }
    }

    @Test func anyBytes_areReadTheSameInAnyPieces() {
        let seed: UInt64 = 0xfeed
        var random = SplitMix64(seed: seed)
        let telling = Array("\r\n:0fF ;HTTP/1.1".utf8) + [0, 0xff, 0xc3]
        for round in 0..<3_000 {
            var bytes = Array(Self.stream.utf8)
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    telling.randomElement(using: &random) ?? 0
            }
            let tolerance: HTTPResponseParser.Tolerance = round % 2 == 0 ? [] : [.upgrade, .looseLines]
            let whole = HTTPResponseReading([bytes[...]], limits: Self.tight, tolerating: tolerance)
            let split = HTTPResponseReading(
                pieces(of: bytes, with: &random), limits: Self.tight, tolerating: tolerance)
            #expect(split == whole, "seed \(seed), round \(round)")
        }
    }
}
