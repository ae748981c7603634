import Base
import FoundationEssentials
import Ledger
import StoreSupport
import Testing

@Suite struct TimestampTests {
    @Test func sumsAndDifferences_saturate() {
        #expect(at(3) + .milliseconds(4) == at(7))
        #expect(at(7) - at(3) == .milliseconds(4))
        #expect(at(3) - at(7) == .milliseconds(-4))
        #expect(at(3) + .seconds(Int64.max) == at(.max))
        #expect(at(-3) + .seconds(Int64.min) == at(.min))
        #expect(at(.min) - at(.max) == .milliseconds(Int64.min))
        #expect(at(.max) - at(.min) == .milliseconds(Int64.max))
    }

    @Test func durations_areWholeMilliseconds_saturating() {
        #expect(Duration.microseconds(1_999).milliseconds == 1)
        #expect(Duration.microseconds(-1_999).milliseconds == -1)
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect(Duration.milliseconds(1_500).seconds == 1.5)
    }

    @Test func coding_isABareNumber() throws {
        let data = try JSONEncoder().encode([at(1_700_000_000_123)])
        #expect(String(decoding: data, as: UTF8.self) == "[1700000000123]")
        #expect(try JSONDecoder().decode([Timestamp].self, from: data) == [at(1_700_000_000_123)])
    }

    @Test func unitOfWork_survivesItsCoding() throws {
        let unit = UnitOfWork(
            reads: [.record(kind: "p", id: "1", version: 2), .journal(stream: "s", upTo: 3)],
            writes: [
                .save(kind: "p", id: "1", body: "{}"), entry("e"), job("j"), emit("1"),
                .join(room: "r", .subject("p")), .leave(room: "r", .connection("c")),
                .connect(connection: "c", host: "h", subject: "p", session: nil),
                .connect(connection: "c", host: "h", subject: "p", session: "s", namespace: "/lobby"),
                .suspend(connection: "c"), .suspend(connection: "c", host: "h"),
                .disconnect(connection: "c"), .close(.subject("p"), reason: "r"),
                .emit(Emit(rooms: ["r"], event: "e", json: "1", isVolatile: true, answerWithin: .seconds(2))),
                .openSession(id: "a", subject: "p", expiresAt: at(1)), .revokeSession(id: "a"),
            ])
        let data = try JSONEncoder().encode(unit)
        #expect(try JSONDecoder().decode(UnitOfWork.self, from: data) == unit)
        let plain = try JSONEncoder().encode(Emit(rooms: [], event: "e", json: "1"))
        let members = try JSONDecoder().decode([String: Ignored].self, from: plain)
        #expect(members.keys.sorted() == ["event", "except", "json", "rooms"])
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) {}
    }
}
