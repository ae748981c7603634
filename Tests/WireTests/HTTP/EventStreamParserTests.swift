import TestSupport
import Testing
import Wire

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
        var random = SplitMix64(seed: 0x5E55_0001)
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
