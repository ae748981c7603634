/// How deep JSON text is nested, byte by byte; what stands in strings does not count. Pure.
package struct JSONNesting {
    /// How many objects and arrays are open.
    package private(set) var depth = 0
    private var isInString = false
    private var isEscaped = false

    package init() {}

    /// Takes the next byte; whether it stands outside of strings.
    package mutating func take(_ byte: UInt8) -> Bool {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return false
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
        return true
    }
}
