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
        guard extensionBytes > 0 else { return }
        while index < range.upperBound, HTTPGrammar.isBlank(bytes[index]) { index += 1 }
        guard index < range.upperBound, bytes[index] == ASCII.semicolon else {
            throw .bad("A chunk size is followed by something else than an extension.")
        }
        for position in index..<range.upperBound where !HTTPGrammar.isFieldByte(bytes[position]) {
            throw .bad("A chunk extension has a control character.")
        }
    }
}
