/// Checks UTF-8 that arrives in pieces (RFC 3629 section 4), and notices the first octet that no text can have there.
struct UTF8Check: Sendable {
    /// How many octets of a character are due.
    private var due = 0
    /// What the next of them may be. Only the second octet of a character is not any of 0x80 to 0xBF.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// Whether no character is cut off behind what was taken.
    var isComplete: Bool { due == 0 }

    /// Takes the next octets; false where they cannot be part of a text, and then for good.
    mutating func take(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if due == 0 {
                if byte < 0x80 { continue }
                guard begin(byte) else { return false }
            } else {
                guard byte >= lowest, byte <= highest else { return false }
                due -= 1
                (lowest, highest) = (0x80, 0xBF)
            }
        }
        return true
    }

    /// The first octet of a character of several.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: due = 1
        case 0xE0...0xEF: due = 2
        case 0xF0...0xF4: due = 3
        default: return false
        }
        switch byte {
        case 0xE0: lowest = 0xA0  // no character that has a shorter form
        case 0xED: highest = 0x9F  // no surrogate
        case 0xF0: lowest = 0x90
        case 0xF4: highest = 0x8F  // nothing above U+10FFFF
        default: break
        }
        return true
    }
}
