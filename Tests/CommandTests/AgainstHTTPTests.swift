import Wire
import Base
@testable import Command
import Runtime
import Testing

@Suite struct HTTPAnswerReaderTests {
    private static let stream =
        "HTTP/1.1 100 Continue\r\n\r\n"
        + "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello"
        + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        + "HTTP/1.1 204 No Content\r\n\r\n" + "HTTP/1.0 200\r\n\r\nrest"

    private func read(_ pieces: [[UInt8]]) throws -> [HTTPAnswer] {
        var reader = HTTPAnswerReader()
        var answers: [HTTPAnswer] = []
        for piece in pieces {
            reader.append(piece)
            while let answer = try reader.next() { answers.append(answer) }
        }
        if let last = try reader.next(atEnd: true) { answers.append(last) }
        return answers
    }

    @Test func answers_areWhole_atEveryChunkBoundary() throws {
        let bytes = Array(Self.stream.utf8)
        let whole = try read([bytes])
        #expect(whole.map(\.head.status) == [202, 200, 204, 200])
        #expect(whole.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "abcde", "", "rest"])
        for cut in 0...bytes.count {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
        #expect(try read(bytes.map { [$0] }) == whole)
    }

    @Test func anUpgrade_leavesWhatFollows() throws {
        var reader = HTTPAnswerReader(tolerating: .upgrade)
        reader.append(Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nab".utf8))
        #expect(try reader.next()?.head.status == 101)
        #expect(reader.takeRemaining() == Array("ab".utf8))
    }

    @Test func anAnswerToHEAD_hasNoContent() throws {
        var reader = HTTPAnswerReader()
        reader.append(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8))
        #expect(try reader.next(toHead: true)?.body == [])
        #expect(!reader.isWithinResponse)
    }

    @Test func anAnswer_isWithinTheLimits() {
        var limits = AgainstLimits.standard
        (limits.headBytes, limits.answerBytes) = (100, 10)
        for text in [String(repeating: "A: b\r\n", count: 50), "Content-Length: 11\r\n\r\n"] {
            var reader = HTTPAnswerReader(limits: limits)
            reader.append(Array("HTTP/1.1 200 OK\r\n\(text)".utf8))
            #expect(throws: HTTPResponseError.tooLong) { try reader.next() }
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
