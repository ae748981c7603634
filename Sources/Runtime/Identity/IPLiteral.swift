/// Reads IP addresses as text, so that equal addresses compare equal as strings.
public enum IPLiteral {
    /// The one way to write an address: dotted decimal for IPv4, RFC 5952 for IPv6 (`::ffff:a.b.c.d` becomes the
    /// IPv4 address that it maps). Nil for anything else, zones and ranges included.
    public static func canonical(_ text: String) -> String? {
        guard text.utf8.count <= 45 else { return nil }
        if let octets = octets(text[...]) {
            return octets.map(String.init).joined(separator: ".")
        }
        return groups(text).map(written)
    }

    /// The eight groups of an IPv6 address; nil for anything else, IPv4 included.
    static func groups(_ text: String) -> [Int]? {
        guard text.utf8.count <= 45 else { return nil }
        return groups(whole: text)
    }

    /// Eight groups as ``canonical(_:)`` writes them.
    static func written(_ groups: [Int]) -> String {
        if groups.prefix(6) == [0, 0, 0, 0, 0, 0xFFFF] {
            return groups.suffix(2).flatMap { [$0 >> 8, $0 & 0xFF] }.map(String.init).joined(separator: ".")
        }
        return compressed(groups)
    }

    private static func octets(_ text: Substring) -> [Int]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [Int] = []
        for part in parts {
            // A leading zero means octal to some readers, so it is refused (RFC 6943, section 3.1.1).
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                part == "0" || part.first != "0", let octet = Int(part), octet <= 255
            else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func groups(whole text: String) -> [Int]? {
        guard let gap = firstGap(text) else {
            let groups = groups(of: text[...], mayEndInIPv4: true)
            return groups?.count == 8 ? groups : nil
        }
        let before = text[..<gap.lowerBound]
        let after = text[gap.upperBound...]
        guard let head = before.isEmpty ? [] : groups(of: before, mayEndInIPv4: false),
            let tail = after.isEmpty ? [] : groups(of: after, mayEndInIPv4: true),
            head.count + tail.count <= 7
        else { return nil }
        return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func firstGap(_ text: String) -> Range<String.Index>? {
        var previous: String.Index?
        for index in text.indices {
            if text[index] == ":", let start = previous, text[start] == ":" {
                return start..<text.index(after: index)
            }
            previous = index
        }
        return nil
    }

    private static func groups(of text: Substring, mayEndInIPv4: Bool) -> [Int]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var groups: [Int] = []
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, let octets = octets(part) {
                groups.append(octets[0] << 8 | octets[1])
                groups.append(octets[2] << 8 | octets[3])
            } else {
                guard (1...4).contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                    let group = Int(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }

    /// RFC 5952, section 4: lower case, and the longest run of zeros (the first of equals, two at least) as `::`.
    private static func compressed(_ groups: [Int]) -> String {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > max(longest.count, 1) {
                longest = start..<index
            }
            start = index + 1
        }
        let words = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return words.joined(separator: ":") }
        return words[..<longest.lowerBound].joined(separator: ":") + "::"
            + words[longest.upperBound...].joined(separator: ":")
    }
}
