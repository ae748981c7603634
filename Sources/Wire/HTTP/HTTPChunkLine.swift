internal import Base

/// The line before a chunk (RFC 9112 7.1): a hexadecimal size, then extensions, which are not used.
struct HTTPChunkLine {
    let size: Int
    let extensionBytes: Int

    /// Reads the line that stands in `range`, its CRLF left out.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
        var index = range.lowerBound
        var size = 0
        while index < range.upperBound, let digit = ASCII.hexValue(bytes[index]) {
            let (shifted, isOverflow) = size.multipliedReportingOverflow(by: 16)
            guard !isOverflow else { throw .bad("A chunk size is out of range.") }
            size = shifted | Int(digit)
            index += 1
        }
        guard index > range.lowerBound else { throw .bad("A chunk does not start with its size.") }
        self.size = size
        extensionBytes = range.upperBound - index
        while index < range.upperBound {
            guard let end = Self.endOfExtension(bytes, index..<range.upperBound) else {
                throw .bad("A chunk size is followed by something else than extensions.")
            }
            index = end
        }
    }

    /// Where the extension that starts a range ends (RFC 9112 7.1.1): `BWS ";" BWS token [ BWS "=" BWS ( token /
    /// quoted-string ) ]`. Nil where none starts there. Who reads it otherwise may see another end of the chunk.
    private static func endOfExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let semicolon = HTTPGrammar.skipBlanks(bytes, range)
        guard semicolon < range.upperBound, bytes[semicolon] == ASCII.semicolon else { return nil }
        let name = HTTPGrammar.skipBlanks(bytes, (semicolon + 1)..<range.upperBound)
        let end = HTTPGrammar.endOfToken(bytes, name..<range.upperBound)
        guard end > name else { return nil }
        let equals = HTTPGrammar.skipBlanks(bytes, end..<range.upperBound)
        guard equals < range.upperBound, bytes[equals] == ASCII.equals else { return end }
        let value = HTTPGrammar.skipBlanks(bytes, (equals + 1)..<range.upperBound)
        if value < range.upperBound, bytes[value] == ASCII.quote {
            return HTTPGrammar.endOfQuotedString(bytes, value..<range.upperBound)
        }
        let endOfValue = HTTPGrammar.endOfToken(bytes, value..<range.upperBound)
        return endOfValue > value ? endOfValue : nil
    }
}
