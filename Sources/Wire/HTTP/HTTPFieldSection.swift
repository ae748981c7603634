internal import Base

/// Takes the lines of a header or trailer section off what has arrived, counted against the section's limits.
struct HTTPFieldSection {
    private var bytes = 0
    private var count = 0

    /// The next line, empty at the section's end; nil until it is whole. `detail` is what is said of a section that is
    /// too large.
    mutating func takeLine(
        off queue: inout ByteQueue, bytes limit: Int, lines: Int, orBareLineFeed isTolerated: Bool = false,
        _ detail: @autoclosure () -> String
    ) throws(HTTPParseError) -> Range<Int>? {
        switch queue.takeLine(atMost: limit - bytes, orBareLineFeed: isTolerated) {
        case .incomplete: return nil
        case .tooLong: throw HTTPParseError(status: 431, detail: detail())
        case .bareLineFeed: throw .bad("A line ends in LF without CR.")
        case .line(let range):
            if range.isEmpty { return range }
            bytes += range.count + 2
            count += 1
            if bytes > limit || count > lines { throw HTTPParseError(status: 431, detail: detail()) }
            return range
        }
    }
}
