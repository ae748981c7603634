internal import Base

/// One field line of RFC 9112 5: a name, a colon, a value with blanks around it.
struct HTTPFieldLine {
    let name: String
    let value: String

    /// Reads the line that stands in `range`, its CRLF left out. A folded line (5.2) and blanks before the
    /// colon (5.1) are refused, as they are how requests get smuggled past a proxy.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
        var index = range.lowerBound
        while index < range.upperBound, HTTPGrammar.isTokenByte(bytes[index]) { index += 1 }
        guard index > range.lowerBound, index < range.upperBound, bytes[index] == ASCII.colon else {
            throw .bad("A header line does not start with a field name and a colon.")
        }
        let valueRange = HTTPGrammar.trimmed(bytes, (index + 1)..<range.upperBound)
        guard HTTPGrammar.isFieldValue(bytes.extracting(valueRange)) else {
            throw .bad("A header value has a control character.")
        }
        name = bytes.text(range.lowerBound..<index)
        value = bytes.text(valueRange)
    }
}
