internal import Base

/// The bytes that arrived on one connection and were not consumed yet.
///
/// Consuming moves an offset; the storage is compacted only when at least half of it is consumed, so that
/// every byte is moved at most once on average, however small the pieces are in which bytes arrive. Storage
/// that was needed once is given back as soon as little or nothing waits in it.
struct ByteQueue: Sendable {
    /// What a search for the end of a line found.
    enum LineSearch {
        /// The line has not ended yet and is within its limit so far.
        case incomplete
        /// The line is longer than its limit, its CRLF not counted.
        case tooLong
        /// The line ends in LF without CR.
        case bareLineFeed
        /// Where the line stands in `storage`, without its CRLF; valid until the next `append`.
        case line(Range<Int>)
    }

    /// Beyond this many bytes, drained storage is given back. That costs a busy connection an allocation for
    /// each read, which is little beside the read; and an idle one, of which there may be many thousands, holds
    /// next to nothing.
    static let retainedBytes = 512
    /// Beyond this many bytes, storage of which less than an eighth waits is given back for one that fits.
    static let sparseBytes = 16 * 1024

    /// Consumed bytes, up to `start`, then those that wait.
    private(set) var storage: [UInt8] = []
    /// The index in `storage` of the first byte that is not consumed.
    private(set) var start = 0
    /// How many of the waiting bytes are known to hold no LF.
    private var searched = 0

    var count: Int { storage.count - start }
    var isEmpty: Bool { start == storage.count }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        compact()
        unsafe storage.append(contentsOf: bytes)
    }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        compact()
        storage.append(contentsOf: bytes)
    }

    /// Consumes `length` bytes, or all where fewer wait.
    mutating func consume(_ length: Int) {
        start += min(max(length, 0), count)
        searched = 0
        releaseIfDrained()
        releaseIfSparse()
    }

    /// Gives back large storage as soon as nothing waits in it: a connection may be idle for hours.
    mutating func releaseIfDrained() {
        guard start == storage.count, storage.capacity > Self.retainedBytes else { return }
        storage = []
        start = 0
    }

    /// The first bytes of what comes next shall not keep what was needed for something long. At least as many
    /// bytes as are moved here were consumed.
    private mutating func releaseIfSparse() {
        guard storage.capacity > Self.sparseBytes, count < storage.capacity / 8, count <= start else {
            return
        }
        storage = Array(storage[start...])
        start = 0
    }

    /// Consumes `length` bytes (or all where fewer wait) and returns them.
    mutating func take(_ length: Int) -> [UInt8] {
        let end = start + min(max(length, 0), count)
        let taken = Array(storage[start..<end])
        consume(length)
        return taken
    }

    mutating func removeAll() {
        storage = []
        start = 0
        searched = 0
    }

    /// Consumes the next line where it is complete; one that ends in LF alone only where that is tolerated. Looks at
    /// each byte once over all calls, and answers the same however the bytes were split.
    mutating func takeLine(atMost limit: Int, orBareLineFeed isTolerated: Bool = false) -> LineSearch {
        guard let lineFeed = Self.firstLineFeed(storage.span, from: start + searched) else {
            searched = count
            return searched - 1 > limit ? .tooLong : .incomplete
        }
        let endsInCarriageReturn = lineFeed > start && storage[lineFeed - 1] == ASCII.carriageReturn
        let end = endsInCarriageReturn ? lineFeed - 1 : lineFeed
        let line = start..<end
        if line.count > limit { return .tooLong }
        if !endsInCarriageReturn, !isTolerated { return .bareLineFeed }
        start = lineFeed + 1
        searched = 0
        return .line(line)
    }

    private static func firstLineFeed(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if unsafe bytes[unchecked: index] == ASCII.lineFeed { return index }
            index &+= 1
        }
        return nil
    }

    private mutating func compact() {
        if start == storage.count {
            storage.removeAll(keepingCapacity: true)
            start = 0
        } else if start >= 4096, start >= storage.count / 2 {
            storage.removeSubrange(0..<start)
            start = 0
        }
    }
}
