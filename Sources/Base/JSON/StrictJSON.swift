/// The gate for JSON from outside: a text passes that every reader takes for the same value (RFC 8259, and RFC 7493
/// section 2 for names and surrogates).
///
/// Foundation's reader takes more than that: UTF-16, a byte order mark, a comma too many, and of a name that stands
/// there twice one of the two. Linear, iterative, and limited in depth.
public enum StrictJSON {
    /// Why a text does not pass. Pointers are those of RFC 6901, cut at a whole segment where they would be long.
    public enum Fault: Error, Equatable, Sendable {
        /// It is not one JSON value in UTF-8.
        case malformed
        /// The value there stands in too many arrays and objects (`JSONScanner.depthLimit`).
        case tooDeep(pointer: String)
        /// The member is there twice.
        case repeatedName(pointer: String)
        /// The text there, or the name of a member there, has half of a surrogate pair.
        case halfSurrogatePair(pointer: String)
    }

    /// How long a pointer may be, in bytes.
    static let pointerBytes = 512

    /// The first fault of a text, where it is one value at all; nil where it has none. Blanks around it are none.
    public static func fault(in bytes: Span<UInt8>) -> Fault? {
        guard (try? UTF8Span(validating: bytes)) != nil else { return .malformed }
        var reading = Reading()
        return reading.isValue(bytes) ? reading.fault : .malformed
    }
}

/// One reading of a text.
private struct Reading {
    private(set) var fault: StrictJSON.Fault?
    private var levels: [Level] = []

    /// An array or object that is open.
    private struct Level {
        let isObject: Bool
        /// Which element, or the member's name.
        var position = 0
        var name = ""
        // Texts that Swift takes for equal are one name to its dictionaries: so they are here.
        var names: Set<String> = []
    }

    /// Whether the bytes are one value. True also where they are too deep to tell: that is the fault then.
    mutating func isValue(_ bytes: Span<UInt8>) -> Bool {
        var index = JSONScanner.skipSpace(bytes, 0)
        while true {
            guard index < bytes.count else { return false }
            let opener = bytes[index]
            if opener == ASCII.leftBracket || opener == ASCII.leftBrace {
                guard levels.count < JSONScanner.depthLimit else {
                    note(.tooDeep(pointer: pointer()))
                    return true
                }
                levels.append(Level(isObject: opener == ASCII.leftBrace))
                index = JSONScanner.skipSpace(bytes, index + 1)
                if !JSONScanner.isByte(bytes, index, closer) {
                    guard let start = startOfValue(bytes, index) else { return false }
                    index = start
                    continue
                }
                levels.removeLast()
                index += 1
            } else {
                guard let end = JSONScanner.endOfScalar(bytes, from: index) else { return false }
                if Self.hasHalfPair(bytes, index..<end) { note(.halfSurrogatePair(pointer: pointer())) }
                index = end
            }
            guard let next = behindValue(bytes, index) else { return false }
            if levels.isEmpty { return next == bytes.count }
            index = next
        }
    }

    private var closer: UInt8 {
        levels.last?.isObject == true ? ASCII.rightBrace : ASCII.rightBracket
    }

    /// Closes what ends behind a value; where the next value starts, or the end of all. Nil where neither is there.
    private mutating func behindValue(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        var index = JSONScanner.skipSpace(bytes, start)
        while !levels.isEmpty {
            if JSONScanner.isByte(bytes, index, closer) {
                levels.removeLast()
                index = JSONScanner.skipSpace(bytes, index + 1)
                continue
            }
            guard JSONScanner.isByte(bytes, index, ASCII.comma) else { return nil }
            levels[levels.count - 1].position += 1
            return startOfValue(bytes, JSONScanner.skipSpace(bytes, index + 1))
        }
        return index
    }

    /// Reads the name in front of a member's value.
    private mutating func startOfValue(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        guard levels[levels.count - 1].isObject else { return start }
        guard let end = JSONScanner.endOfString(bytes, from: start) else { return nil }
        if let name = bytes.utf8Text(start..<end).flatMap({ JSONScanner.string(of: $0) }) {
            levels[levels.count - 1].name = name
            if !levels[levels.count - 1].names.insert(name).inserted {
                note(.repeatedName(pointer: pointer()))
            }
        } else {
            levels[levels.count - 1].name = ""
            note(.halfSurrogatePair(pointer: pointer(levels.dropLast())))
        }
        let colon = JSONScanner.skipSpace(bytes, end)
        guard JSONScanner.isByte(bytes, colon, ASCII.colon) else { return nil }
        return JSONScanner.skipSpace(bytes, colon + 1)
    }

    /// The first one counts, if the text is one value at all.
    private mutating func note(_ found: StrictJSON.Fault) {
        if fault == nil { fault = found }
    }

    private func pointer() -> String { pointer(levels[...]) }

    private func pointer(_ levels: ArraySlice<Level>) -> String {
        var pointer = ""
        for level in levels {
            let segment = level.isObject ? Self.escaped(level.name) : String(level.position)
            guard pointer.utf8.count + 1 + segment.utf8.count <= StrictJSON.pointerBytes else { break }
            pointer += "/" + segment
        }
        return pointer
    }

    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == ASCII.slash }) else { return name }
        return name.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// Whether an escape in a literal that is well-formed is half of a pair (RFC 8259 section 8.2).
    private static func hasHalfPair(_ bytes: Span<UInt8>, _ literal: Range<Int>) -> Bool {
        var index = literal.lowerBound
        while index < literal.upperBound {
            guard bytes[index] == ASCII.backslash else {
                index += 1
                continue
            }
            guard let unit = unit(bytes, index, literal.upperBound) else {
                index += 2
                continue
            }
            index += 6
            switch unit & 0xFC00 {
            case 0xD800:
                guard let low = self.unit(bytes, index, literal.upperBound), low & 0xFC00 == 0xDC00 else {
                    return true
                }
                index += 6
            case 0xDC00: return true
            default: break
            }
        }
        return false
    }

    /// The code unit of an escape `\uXXXX` that starts at `index`.
    private static func unit(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> UInt32? {
        guard end - index >= 6, bytes[index] == ASCII.backslash, bytes[index + 1] == 0x75 else { return nil }
        var unit: UInt32 = 0
        for place in index + 2..<index + 6 {
            guard let digit = ASCII.hexValue(bytes[place]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
