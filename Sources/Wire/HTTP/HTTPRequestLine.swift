internal import Base

/// The request line of RFC 9112 3, taken apart.
struct HTTPRequestLine {
    var method: String
    var target: String
    var path: String
    var query: String?
    /// The authority of an absolute-form target.
    var authority: String?
    var minorVersion: Int

    /// Reads the line that stands in `range`, its CRLF left out.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
        var index = range.lowerBound
        while index < range.upperBound, HTTPGrammar.isTokenByte(bytes[index]) { index += 1 }
        guard index > range.lowerBound, index < range.upperBound, bytes[index] == ASCII.space else {
            throw .bad("The request line does not start with a method and a space.")
        }
        method = bytes.text(range.lowerBound..<index)

        let targetStart = index + 1
        index = targetStart
        while index < range.upperBound, bytes[index] > ASCII.space, bytes[index] < ASCII.delete,
            bytes[index] != ASCII.hash
        {
            index += 1
        }
        guard index > targetStart, index < range.upperBound, bytes[index] == ASCII.space else {
            throw .bad("The request target is missing, is not followed by a version, or is not a URI.")
        }
        let targetRange = targetStart..<index
        minorVersion = try Self.minorVersion(bytes, (index + 1)..<range.upperBound)
        target = bytes.text(targetRange)
        path = ""
        try readTarget(bytes, targetRange)
    }

    /// `HTTP-version`, eight octets (RFC 9112 2.3). A later minor version is served as 1.1 (RFC 9110 2.5).
    private static func minorVersion(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPParseError) -> Int {
        guard range.count == 8, bytes.startsWith("HTTP/", at: range.lowerBound),
            ASCII.isDigit(bytes[range.lowerBound + 5]), bytes[range.lowerBound + 6] == ASCII.dot,
            ASCII.isDigit(bytes[range.lowerBound + 7])
        else { throw .bad("The request line does not end in an HTTP version.") }
        guard bytes[range.lowerBound + 5] == ASCII.zero + 1 else {
            throw HTTPParseError(status: 505, detail: "This server speaks HTTP/1.1 and HTTP/1.0.")
        }
        return bytes[range.lowerBound + 7] == ASCII.zero ? 0 : 1
    }

    /// The four forms of RFC 9112 3.2; authority-form belongs to CONNECT, which an origin server lacks.
    private mutating func readTarget(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
        if method == "CONNECT" {
            throw HTTPParseError(status: 501, detail: "This server is not a proxy.")
        }
        if bytes[range.lowerBound] == ASCII.slash {
            return try readPath(bytes, range)
        }
        if range.count == 1, bytes[range.lowerBound] == ASCII.asterisk {
            guard method == "OPTIONS" else {
                throw .bad("The request target * is for OPTIONS only.")
            }
            path = "*"
            return
        }
        let authorityStart: Int
        if bytes.startsWith("http://", at: range.lowerBound) {
            authorityStart = range.lowerBound + 7
        } else if bytes.startsWith("https://", at: range.lowerBound) {
            authorityStart = range.lowerBound + 8
        } else {
            throw .bad("The request target is neither a path nor an http URI.")
        }
        var end = min(authorityStart, range.upperBound)
        while end < range.upperBound, bytes[end] != ASCII.slash, bytes[end] != ASCII.questionMark { end += 1 }
        let authorityRange = min(authorityStart, range.upperBound)..<end
        guard !authorityRange.isEmpty, bytes[authorityRange.lowerBound] != ASCII.colon,
            HTTPGrammar.isHost(bytes.extracting(authorityRange))
        else { throw .bad("The authority of the request target is not a host.") }
        authority = bytes.text(authorityRange)
        try readPath(bytes, end..<range.upperBound)
        if path.isEmpty { path = "/" }
    }

    private mutating func readPath(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPParseError) {
        var end = range.lowerBound
        var isEncoded = false
        while end < range.upperBound, bytes[end] != ASCII.questionMark {
            if bytes[end] == ASCII.percent { isEncoded = true }
            end += 1
        }
        if end < range.upperBound { query = bytes.text((end + 1)..<range.upperBound) }
        let pathRange = range.lowerBound..<end
        // One text for both where they are the same.
        path =
            isEncoded
            ? try Self.decoded(bytes, pathRange)
            : pathRange.count == target.utf8.count ? target : bytes.text(pathRange)
    }

    private static func decoded(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPParseError) -> String {
        var octets: [UInt8] = []
        octets.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == ASCII.percent else {
                octets.append(bytes[index])
                index += 1
                continue
            }
            guard range.upperBound - index >= 3, let high = ASCII.hexValue(bytes[index + 1]),
                let low = ASCII.hexValue(bytes[index + 2]), high | low != 0
            else { throw .bad("The path has a percent sign that does not start an encoded octet.") }
            let octet = high << 4 | low
            switch octet {
            case ASCII.slash: octets += "%2F".utf8
            case ASCII.percent: octets += "%25".utf8
            default: octets.append(octet)
            }
            index += 3
        }
        guard let path = octets.span.utf8Text(0..<octets.count) else {
            throw .bad("The path is not UTF-8.")
        }
        return path
    }
}

extension Span where Element == UInt8 {
    /// Whether these ASCII characters stand at `start`; lower-case letters of `prefix` match either case.
    fileprivate func startsWith(_ prefix: String, at start: Int) -> Bool {
        let prefix = prefix.utf8
        guard count - start >= prefix.count else { return false }
        var index = start
        for expected in prefix {
            guard self[index] == expected || ASCII.lowercased(self[index]) == expected else { return false }
            index += 1
        }
        return true
    }
}
