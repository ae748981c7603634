import Wire
import Base
import Game
import Runtime
@testable import StoryModels
import Testing

@Suite struct EventStreamParserTests {
    private static let stream = """
        \u{FEFF}: a comment\r\ndata: one\r\n\r\nevent: x\ndata:two\ndata: three\nid: 1\n\n\rdata\rdata: \r\rdata: 語り🏮\n\ndatum: no\n\n\
        data: [DONE]\n\ndata: never ended\n
        """
    private static let events = ["one", "two\nthree", "\n", "語り🏮", "[DONE]"]

    @Test func events_areReadAtEveryBoundary() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in 0...bytes.count {
            var parser = EventStreamParser()
            let events = try parser.read(bytes[..<cut]) + parser.read(bytes[cut...])
            #expect(events == Self.events, "\(cut)")
        }
        for size in 1...9 {
            var parser = EventStreamParser()
            var events: [String] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += try parser.read(bytes[start...].prefix(size))
            }
            #expect(events == Self.events, "\(size)")
        }
    }

    @Test func whatIsTooLong_orNoText_isRefused() {
        let limits = EventStreamParser.Limits(line: 10, event: 12)
        var parser = EventStreamParser(limits: limits)
        #expect(throws: EventStreamParser.Failure.lineTooLong) { try parser.read("data: 12345".utf8) }
        parser = EventStreamParser(limits: limits)
        #expect(throws: EventStreamParser.Failure.eventTooLong) {
            try parser.read("data:1234\ndata:1234\ndata:1234\ndata:1234\n\n".utf8)
        }
        parser = EventStreamParser()
        #expect(throws: EventStreamParser.Failure.notUTF8) {
            try parser.read(Array("data:".utf8) + [0xFF, 10, 10])
        }
    }

    @Test func anyBytes_areReadTheSameInAnyPieces() {
        var random = SeededRandom(seed: 0x5E55_0001)
        let alphabet = Array("data: x\n\r\n\n:{}".utf8)
        for round in 0..<500 {
            let bytes = (0..<60).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
            var whole = EventStreamParser()
            let expected = try? whole.read(bytes)
            var pieces = EventStreamParser()
            var events: [String] = []
            for byte in bytes { events += (try? pieces.read([byte])) ?? [] }
            #expect(events == expected, "round \(round)")
        }
    }
}

@Suite struct ResponseParserTests {
    private func all(_ text: String, cut: Int? = nil, ends: Bool = false) throws -> [ResponseParser.Event] {
        let bytes = Array(text.utf8)
        var parser = ResponseParser(limits: ResponseParser.Limits(head: 200, content: 100))
        var events: [ResponseParser.Event] = []
        if let cut {
            events = try parser.read(bytes[..<cut]) + parser.read(bytes[cut...])
        } else {
            events = try parser.read(bytes[...])
        }
        if ends { events += try parser.end() }
        // Pieces of the content are as they come.
        var joined: [ResponseParser.Event] = []
        for event in events {
            if case .content(let more) = event, case .content(let before) = joined.last {
                joined[joined.count - 1] = .content(before + more)
            } else {
                joined.append(event)
            }
        }
        return joined
    }

    private static let good = [
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b \r\nContent-Length: 5\r\n\r\nhelloGET",
        "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n003\r\nllo\r\n0\r\nT: x\r\n\r\n",
        "HTTP/1.0 200\nA:b\n\nhello",
    ]

    @Test(arguments: good) func aResponse_isReadAtEveryBoundary(_ text: String) throws {
        for cut in 0...text.utf8.count {
            let events = try all(text, cut: cut, ends: true)
            #expect(events.count == 3, "\(cut)")
            guard case .head(200, let headers) = events.first else {
                Issue.record("no head at \(cut)")
                return
            }
            #expect(headers["a"] == "b")
            #expect(events.dropFirst() == [.content(Array("hello".utf8)), .end])
        }
    }

    @Test(arguments: [
        "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        "HTTP/1.1 101 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
    ])
    func whatIsNoResponse_isRefused(_ text: String) {
        #expect(throws: ResponseParser.Failure.malformed) { try all(text) }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101), String(repeating: "x", count: 201),
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 60),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + String(repeating: "32\r\n" + String(repeating: "x", count: 50) + "\r\n", count: 3),
    ])
    func whatIsTooLong_isRefused(_ text: String) {
        #expect(throws: ResponseParser.Failure.tooLong) { try all(text) }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
    ])
    func whatEndsBeforeItsEnd_isCut(_ text: String) {
        #expect(throws: ResponseParser.Failure.cut) { try all(text, ends: true) }
    }
}

@Suite struct BackOffTests {
    @Test func waits_grow_withChance_andEnd() {
        for seed in 0..<50 as Range<UInt64> {
            var backOff = BackOff(seed: seed)
            for (number, full) in [(1, 400), (2, 800), (3, 1_600)] {
                let wait = backOff.wait(after: number, retryAfter: nil, before: .seconds(60)) ?? .zero
                #expect(wait >= .milliseconds(full / 2 - 1) && wait <= .milliseconds(full))
            }
            let last = backOff.wait(after: BackOff.attempts, retryAfter: nil, before: .seconds(60))
            #expect(last == nil)
        }
    }

    @Test func whatTheServerAsksFor_isGranted_asLongAsThereIsTime() {
        var backOff = BackOff(seed: 1)
        let granted = backOff.wait(after: 1, retryAfter: .seconds(7), before: .seconds(8))
        #expect(granted == .seconds(7))
        let refused = backOff.wait(after: 1, retryAfter: .seconds(9), before: .seconds(8))
        #expect(refused == nil)
    }

    @Test func aField_isSecondsOrADate() {
        #expect(RetryAfter.wait("120", date: nil) == .seconds(120))
        let date = "Wed, 21 Oct 2015 07:28:00 GMT"
        for (now, wait) in [
            ("Wed, 21 Oct 2015 07:27:30 GMT", 30), ("Tue, 20 Oct 2015 07:28:00 GMT", 86_400),
            ("Thu, 22 Oct 2015 00:00:00 GMT", 0), ("Wed, 30 Sep 2015 07:28:00 GMT", 21 * 86_400),
        ] { #expect(RetryAfter.wait(date, date: now) == .seconds(wait), "\(now)") }
        #expect(
            RetryAfter.wait("Fri, 01 Mar 2024 00:00:00 GMT", date: "Wed, 28 Feb 2024 00:00:00 GMT")
                == .seconds(2 * 86_400))
        #expect(RetryAfter.wait(date, date: nil) == nil)
        for text in [
            "", "-1", "1.5", "9999999999", "١", "Wed, 21 Oct 2015 07:28:00 CET",
            "Wed, 32 Oct 2015 07:28:00 GMT",
            "Wed, 21 Foo 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed, 21 Oct 2015 24:28:00 GMT",
        ] { #expect(RetryAfter.wait(text, date: date) == nil, "\(text)") }
        #expect(RetryAfter.wait(nil, date: date) == nil)
    }
}

@Suite struct ModelAddressTests {
    @Test func aURL_isTakenApart() throws {
        let address = try #require(ModelAddress(completionsOf: "HTTPS://API.example.com/v1/"))
        #expect(address.isSecure && address.host == "api.example.com" && address.port == 443)
        #expect(address.target == "/v1/chat/completions")
        #expect(address.authority == "api.example.com" && !address.isAddress)
        #expect(address.isAllowed(by: ["api.example.com"]) && address.isAllowed(by: ["api.example.com:443"]))
        #expect(!address.isAllowed(by: ["example.com", "api.example.com:80"]))
        let six = try #require(ModelAddress(completionsOf: "http://[::1]:8080/chat/completions?x=1"))
        #expect(six.host == "[::1]" && six.port == 8080 && six.name == "::1" && six.isAddress)
    }

    @Test func aRedirect_isRelativeOrAbsolute() throws {
        let address = try #require(ModelAddress("https://a/x"))
        #expect(address.redirected(to: "/y?z") == ModelAddress("https://a/y?z"))
        #expect(address.redirected(to: "//b/y") == ModelAddress("https://b/y"))
        #expect(address.redirected(to: "http://b/y") == ModelAddress("http://b/y"))
        #expect(address.redirected(to: "javascript:x") == nil)
    }
}
