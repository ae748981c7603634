internal import Functions

/// The lines of a text, ended by LF or CRLF, and the blanks around them.
struct TextLines {
    /// The number of the line that was given last, from 1.
    private(set) var number = 0
    /// What follows that line.
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: ArraySlice<UInt8>) { rest = text }

    /// The next line, without its end; nil behind the last one.
    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        number += 1
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            defer { rest = rest.suffix(0) }
            return rest
        }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    /// The next line that has more than blanks.
    mutating func nextFilled() -> ArraySlice<UInt8>? {
        while let line = next() {
            if line.contains(where: { !$0.isBlank }) { return line }
        }
        return nil
    }
}

extension UInt8 {
    /// The blanks of JSON (RFC 8259 section 2).
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}

extension ArraySlice<UInt8> {
    /// Without the blanks at its ends.
    var trimmed: ArraySlice<UInt8> {
        var slice = drop(while: \.isBlank)
        while let last = slice.last, last.isBlank { slice.removeLast() }
        return slice
    }

    /// How many elements a JSON array has, without building them; nil where they are more than `limit`. Any number for
    /// what is no array.
    func elementCount(atMost limit: Int) -> Int? {
        var count = 1
        var nesting = JSONNesting()
        for byte in self where nesting.take(byte) && byte == UInt8(ascii: ",") && nesting.depth == 1 {
            count += 1
            if count > limit { return nil }
        }
        return count
    }
}
