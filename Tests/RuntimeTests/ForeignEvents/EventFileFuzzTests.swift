import Base
@testable import ForeignEvents
@testable import Manifest
@testable import Observability
import Runtime
import Testing

/// Damaged files are read or refused; nothing traps, and what is read can be written as a CloudEvent.
@Suite struct EventFileFuzzTests {
    private static let seed: UInt64 = 0x6576_656e_7466_696c

    private static let samples = [
        ForeignSamples.cloudEvent, ForeignSamples.batch, ForeignSamples.binary, ForeignSamples.http,
        ForeignSamples.connect, ForeignSamples.message, ForeignSamples.disconnect,
        ForeignSamples.message + "\n" + ForeignSamples.cloudEvent + "\r\n\n" + ForeignSamples.disconnect,
        "PUT / HTTP/2\r\nContent-Type: application/cloudevents-batch+json\r\n\r\n" + ForeignSamples.batch,
        "PUT / HTTP/1.1\nTransfer-Encoding: chunked\nHost: a\nce-specversion: 1.0\n\n3\r\n{ }\r\n0\r\n\r\n",
    ].map { Array($0.utf8) }

    /// Texts that mean something to one of the readers.
    private static let words = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "\n", "\r\n", "null", "true", "-", "1e999", "%", "%C0",
        "\u{FEFF}",
        "9223372036854775808", "\"\\ud800\"", "ce-", "HTTP/", "Content-Length: 99999999999999999999\n",
    ].map { Array($0.utf8) }

    @Test func damagedFiles_neverTrap() {
        var random = SeededRandom(seed: Self.seed)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(max(bound, 1))) }
        let limits = EventFileLimits(fileBytes: 1 << 14, events: 8, eventBytes: 1 << 12)
        var readCount = 0
        for round in 0..<4_000 {
            var bytes = Self.samples[below(Self.samples.count)]
            for _ in 0...below(4) {
                let index = below(bytes.count)
                switch below(6) {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: index)
                case 3: bytes.removeSubrange(index..<min(bytes.count, index + below(40)))
                case 4:
                    let other = Self.samples[below(Self.samples.count)]
                    let start = below(other.count)
                    bytes.insert(contentsOf: other[start..<min(other.count, start + below(80))], at: index)
                default: bytes = Array(bytes[..<index])
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            do throws(EventFileError) {
                let events = try EventFile.events(
                    in: bytes, receivedAt: ForeignSamples.received, limits: limits)
                readCount += 1
                for event in events {
                    let text = try? event.event.cloudEvent()
                    #expect(text != nil, "seed \(Self.seed), round \(round)")
                    _ = event.function(in: Manifest())
                }
            } catch {
                #expect(error.description.hasSuffix("."), "seed \(Self.seed), round \(round)")
            }
        }
        // Damage that is always refused at once would test nothing.
        #expect(readCount > 200)
    }

    @Test func damagedFieldValues_neverTrap() {
        var random = SeededRandom(seed: Self.seed)
        let alphabet = Array(#"%"\aAfF09 é"#.unicodeScalars)
        for _ in 0..<5_000 {
            var value = ""
            for _ in 0..<(random.next() % 12) {
                value.unicodeScalars.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
            }
            _ = CloudEventFieldValue.decoded(value)
        }
    }
}
