extension [UInt8] {
    /// Appends a text's bytes in one copy; `append(contentsOf: text.utf8)` goes by way of the view's iterator.
    @inlinable package mutating func append(utf8 text: String) { append(text.utf8.span) }

    /// Appends bytes in one copy.
    @inlinable package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

extension Span where Element == UInt8 {
    /// Whether any byte is one of these. Looks at all of them, sixteen at a time: hardly ever is there one.
    @inlinable @inline(__always)
    package func hasAny(where isOne: (UInt8) -> Bool) -> Bool {
        var found: UInt8 = 0
        var index = 0
        while index < count {
            found |= isOne(unsafe self[unchecked: index]) ? 1 : 0
            index &+= 1
        }
        return found != 0
    }

    /// Whether this byte is among them.
    @inlinable package func contains(_ byte: UInt8) -> Bool { hasAny { $0 == byte } }
}

extension String {
    /// A text of at most `capacity` bytes, which `write` appends: in one piece, without an array in between.
    @inlinable package init(capacity: Int, _ write: (inout OutputSpan<UInt8>) -> Void) {
        unsafe self.init(unsafeUninitializedCapacity: capacity) { buffer in
            var text = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
            write(&text)
            return unsafe text.finalize(for: buffer)
        }
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a text's bytes, for which there must be room.
    @inlinable package mutating func append(utf8 text: String) {
        let bytes = text.utf8.span
        var index = 0
        while index < bytes.count {
            append(bytes[index])
            index &+= 1
        }
    }

    /// Appends a number's decimal digits, at most 20 bytes with the sign.
    @inlinable package mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = digits.count
        var rest = number.magnitude
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in first..<digits.count { append(digits[index]) }
    }
}
