import Testing

@testable import Manifest
import Runtime

@Suite struct YAMLReaderTests {
    private func read(_ text: String) throws(YAMLError) -> YAMLNode {
        try YAMLReader.read(Array(text.utf8))
    }

    private func failure(_ text: String) throws -> YAMLError {
        try #require(throws: YAMLError.self) { try read(text) }
    }

    @Test func aTree_knowsWhereItsPartsAre() throws {
        let root = try read("a: 1\nb:\n  - x\n  - {c: 'y z'}\n")
        #expect(
            root
                == YAMLNode(
                    value: .mapping([
                        entry("a", 1, 1, scalar("1", 1, 4)),
                        entry(
                            "b", 2, 1,
                            YAMLNode(
                                value: .sequence([
                                    scalar("x", 3, 5),
                                    YAMLNode(
                                        value: .mapping([
                                            entry("c", 4, 6, scalar("y z", 4, 9, isPlain: false))
                                        ]),
                                        mark: YAMLMark(line: 4, column: 5)),
                                ]), mark: YAMLMark(line: 3, column: 3))),
                    ]), mark: .start))
    }

    @Test func columns_countScalars() throws {
        #expect(try failure("日本: *x").mark == YAMLMark(line: 1, column: 5))
    }

    @Test func scalars_keepEveryByte() throws {
        #expect(try read("\"a\\0b\"").value == .scalar("a\u{0}b", isPlain: false))
        #expect(try read("|\n  one\n  two\n").value == .scalar("one\ntwo\n", isPlain: false))
    }

    @Test func depth_hasALimit() throws {
        let fits = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
        #expect(throws: Never.self) { try read(fits) }
        #expect(try failure("[" + fits + "]").message == "nested more than 16 levels deep")
        // Far beyond the limit, where a recursive reader would have no stack left.
        #expect(
            try failure(String(repeating: "[", count: 1_000_000)).message == "nested more than 16 levels deep"
        )
    }

    @Test func values_haveALimit() throws {
        let list = { (count: Int) in String(repeating: "- x\n", count: count) }
        #expect(throws: Never.self) { try read(list(9_999)) }
        let error = try failure(list(10_000))
        #expect(
            error
                == YAMLError(
                    message: "the manifest has more than 10000 values",
                    mark: YAMLMark(line: 10_000, column: 3)))
    }

    @Test func bytes_haveALimit() throws {
        let comment = String(repeating: "#", count: (1 << 20) - 2)
        #expect(throws: Never.self) { try read("a\n" + comment) }
        #expect(try failure("a\n" + comment + "#").message == "the file is larger than 1MiB")
    }

    @Test(
        arguments: [
            ([0xFF], 1, 1), (Array("a: 1\nb: ".utf8) + [0xC3], 2, 4), (Array("日".utf8) + [0x80], 1, 2),
            ([0xFE, 0xFF, 0, 0x61], 1, 1), ([0x61, 0xED, 0xA0, 0x80], 1, 2), ([0xC0, 0x80], 1, 1),
        ] as [([UInt8], Int, Int)])
    func whatIsNotUTF8_isRefusedWhereItStands(_ bytes: [UInt8], _ line: Int, _ column: Int) {
        let mark = YAMLMark(line: line, column: column)
        #expect(throws: YAMLError(message: "the file is not UTF-8 here", mark: mark)) {
            try YAMLReader.read(bytes)
        }
    }

    @Test func aControlCharacter_isRefusedWhereItStands() throws {
        let message = "control characters are not allowed"
        #expect(try failure("a\nbc\u{1}") == YAMLError(message: message, mark: YAMLMark(line: 2, column: 3)))
        #expect(
            try failure("\u{FEFF}a\u{1}") == YAMLError(message: message, mark: YAMLMark(line: 1, column: 2)))
    }

    @Test(arguments: ["", "\n", "# comment\n", "---\n...\n", "~", "null"])
    func nothing_isAnError(_ text: String) throws {
        #expect(try failure(text) == YAMLError(message: "the manifest is empty", mark: .start))
    }

    private func scalar(_ text: String, _ line: Int, _ column: Int, isPlain: Bool = true) -> YAMLNode {
        YAMLNode(value: .scalar(text, isPlain: isPlain), mark: YAMLMark(line: line, column: column))
    }

    private func entry(_ key: String, _ line: Int, _ column: Int, _ value: YAMLNode) -> YAMLEntry {
        YAMLEntry(key: key, mark: YAMLMark(line: line, column: column), value: value)
    }
}
