import Base
import FoundationEssentials
import Runtime
import Testing
import TestSupport

@Suite struct LogTests {
    private static let time = Timestamp(milliseconds: 1_767_225_600_007)

    @Test func aJSONLine_isOneObject_whateverIsInIt() throws {
        let lines = LogLines()
        let log = Log(level: .info, format: .json, sink: lines)
        let evil = "a\"b\\c\n\r\t\u{0}\u{1b}[31m\u{7f}\u{2028}é😀\u{202e}"
        log.write(
            .info, evil,
            [
                ("text", .string(evil)), ("integer", .integer(.min)), ("number", .number(0.25)),
                ("infinite", .number(.infinity)), ("nan", .number(.nan)), ("flag", .boolean(true)),
            ], at: Self.time)
        let line = try #require(lines.all.first)
        #expect(line.utf8.filter { $0 == 10 }.count == 1)
        #expect(line.utf8.last == 10)
        #expect(!line.utf8.dropLast().contains { $0 < 0x20 })
        #expect(
            lines.last == [
                "time": .string("2026-01-01T00:00:00.007Z"), "level": .string("info"),
                "message": .string(evil),
                "text": .string(evil), "integer": .integer(.min), "number": .number(0.25), "infinite": .null,
                "nan": .null, "flag": .bool(true),
            ])
    }

    @Test func linesBelowTheLevel_areNotWritten() {
        let lines = LogLines()
        let log = Log(level: .warning, format: .json, sink: lines)
        for level in LogLevel.allCases { log.write(level, level.rawValue, at: Self.time) }
        #expect(lines.all.count == 2)
        #expect(!log.isEnabled(.info))
    }

    @Test func aTerminalLine_obeysNobody() throws {
        let lines = LogLines()
        let log = Log(level: .debug, format: .terminal, sink: lines)
        log.write(
            .warning, "one\ntwo\u{1b}[2J\u{9b}2J",
            [
                ("text", .string("\r\u{202e}x\u{2028}y\u{7}")), ("duration", .number(0.0012345)),
                ("trace_id", .string("hidden")),
            ], at: Self.time)
        let line = try #require(lines.all.first)
        let ownEscapes = ["\u{1b}[2m", "\u{1b}[0m", "\u{1b}[33m"]
        let rest = ownEscapes.reduce(line) { $0.replacing($1, with: "") }
        #expect(rest == "00:00:00.007 WARNING one two [2J 2J text=  x y  duration=1.23ms\n")
    }

    @Test(arguments: [
        ("debug", LogLevel.debug), ("INFO", .info), ("Warn", .warning), ("WARNING", .warning),
        ("error", .error),
        ("CRITICAL", .error), ("fatal", .error), ("", nil), ("verbose", nil),
    ])
    func levels_areReadByName(_ name: String, _ level: LogLevel?) { #expect(LogLevel(name: name) == level) }
}
