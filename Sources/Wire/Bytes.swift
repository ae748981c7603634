extension [UInt8] {
    /// Appends a text's bytes in one copy; `append(contentsOf: text.utf8)` goes by way of the view's iterator.
    package mutating func append(utf8 text: String) {
        let isDone: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            unsafe append(contentsOf: bytes)
        }
        if isDone == nil { append(contentsOf: text.utf8) }
    }
}
