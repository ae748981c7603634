import Wire
import Base
@testable import Command
import Runtime
import Testing

@Suite struct HTTPResponseParserTests {
    private static let stream =
        "HTTP/1.1 100 Continue\r\n\r\n"
        + "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello"
        + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"
        + "HTTP/1.1 204 No Content\r\n\r\n" + "HTTP/1.0 200\r\n\r\nrest"

    private func read(_ pieces: [[UInt8]]) throws -> [HTTPAnswer] {
        var parser = HTTPResponseParser()
        var answers: [HTTPAnswer] = []
        for piece in pieces {
            parser.append(piece)
            while let answer = try parser.next() { answers.append(answer) }
        }
        if let last = try parser.next(atEnd: true) { answers.append(last) }
        return answers
    }

    @Test func responses_areRead_atEveryChunkBoundary() throws {
        let bytes = Array(Self.stream.utf8)
        let whole = try read([bytes])
        #expect(whole.map(\.status) == [202, 200, 204, 200])
        #expect(whole.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "abcde", "", "rest"])
        #expect(whole.map(\.keepsAlive) == [true, true, true, false])
        #expect(whole.first?.headers["x-a"] == "b")
        for cut in 0...bytes.count {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
        #expect(try read(bytes.map { [$0] }) == whole)
    }

    @Test func anUpgrade_leavesWhatFollows() throws {
        var parser = HTTPResponseParser()
        parser.append(Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nab".utf8))
        #expect(try parser.next()?.status == 101)
        #expect(parser.takeRemaining() == Array("ab".utf8))
    }

    @Test func anAnswerToHEAD_hasNoContent() throws {
        var parser = HTTPResponseParser()
        parser.append(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8))
        #expect(try parser.next(toHead: true)?.body == [])
    }

    @Test(arguments: [
        "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n", "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ]) func whatIsNoResponse_isRefused(text: String) {
        var parser = HTTPResponseParser()
        parser.append(Array(text.utf8))
        #expect(throws: HTTPResponseParser.Failure.self) { try parser.next() }
    }

    @Test func aHead_hasALimit() {
        var limits = AgainstLimits.standard
        limits.headBytes = 100
        var parser = HTTPResponseParser(limits: limits)
        parser.append(Array(("HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 50)).utf8))
        #expect(throws: HTTPResponseParser.Failure.self) { try parser.next() }
    }

    @Test func anyBytes_areTakenOrRefused() {
        let seed: UInt64 = 0xfeed
        var random = SeededRandom(seed: seed)
        let telling = Array("\r\n:0fF ;HTTP/1.1".utf8) + [0, 0xff, 0xc3]
        for _ in 0..<2_000 {
            var bytes = Array(Self.stream.utf8)
            for _ in 0..<(random.next() % 4 + 1) {
                let index = Int(random.next() % UInt64(bytes.count))
                bytes[index] = telling[Int(random.next() % UInt64(telling.count))]
            }
            let cut = Int(random.next() % UInt64(bytes.count))
            let answers = (try? read([Array(bytes[..<cut]), Array(bytes[cut...])])) ?? []
            #expect(answers.count < 10, "seed \(seed)")
        }
    }
}

@Suite struct TrafficRequestTests {
    private func text(
        _ method: String, _ path: String, data: String = "", token: String? = nil, id: String = "req_1"
    ) throws -> String {
        let event = Event(
            id: id, time: Timestamp(milliseconds: 0), trigger: .http(method: method, path: path))
        let request = try TrafficRequest(
            event, data: Array(data.utf8), host: "h:1", token: token, address: "198.18.0.1")
        return String(decoding: request.bytes, as: UTF8.self)
    }

    @Test func aRequest_isWholeAndPlain() throws {
        #expect(
            try text("POST", "/a", data: "{}", token: "t")
                == "POST /a HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer t\r\nX-Forwarded-For: 198.18.0.1\r\n"
                + "X-Request-Id: req_1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        #expect(try text("POST", "/a").hasSuffix("X-Request-Id: req_1\r\nContent-Length: 0\r\n\r\n"))
    }

    @Test func anInputOfTexts_isTheQueryOfAGET() throws {
        #expect(
            try text("GET", "/a", data: #"{"b":"c d&é","e":""}"#).hasPrefix(
                "GET /a?b=c%20d%26%C3%A9&e= HTTP/1.1\r\n"))
        #expect(try text("GET", "/a").hasPrefix("GET /a HTTP/1.1\r\n"))
        #expect(try text("GET", "/a", data: "[1]").hasSuffix("Content-Length: 3\r\n\r\n[1]"))
    }

    @Test func whatARecordingHolds_cannotBreakOutOfItsPlace() throws {
        let text = try text("POST", "/a b\r\nX: y?%", id: "a\r\nb")
        #expect(text.hasPrefix("POST /a%20b%0D%0AX%3A%20y%3F%25 HTTP/1.1\r\nHost: h:1\r\n"))
        #expect(!text.contains("X-Request-Id"))
        #expect(throws: TrafficFailure.self) { try self.text("GET\r\n", "/") }
        #expect(throws: TrafficFailure.self) { try self.text("GET", "a") }
    }
}
