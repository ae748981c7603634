internal import CLinux

extension [UInt8] {
    /// Whether `needle` stands in these bytes at `start` or behind it.
    func holds(_ needle: [UInt8], from start: Int) -> Bool {
        unsafe withUnsafeBytes { all in
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
            return unsafe needle.withUnsafeBytes { needle in
                unsafe clinux_holds(bytes.baseAddress, bytes.count, needle.baseAddress, needle.count) != 0
            }
        }
    }
}
