/// Bytes on their way to one client, in order, as pieces that many clients may share: a broadcast is encoded once.
package struct SendQueue {
    package init() {}

    private struct Piece {
        let bytes: [UInt8]
        let isVolatile: Bool
    }

    private var pieces: [Piece] = []
    /// The first of `pieces` that is not sent whole, and how much of it is.
    private var first = 0
    private var sent = 0
    /// Bytes that are not sent yet.
    package private(set) var byteCount = 0

    /// More pieces are put together in one write up to this size.
    private static let gatheredBytes = 65_536

    package var isEmpty: Bool { byteCount == 0 }

    /// What waits costs in memory: a small piece far more than its bytes.
    package var cost: Int { byteCount + (pieces.count - first) * Self.pieceCost }

    /// An array's head, and its entry among the pieces.
    private static let pieceCost = 64

    /// A pong, until it has begun to be sent.
    private var pong: Int?

    package mutating func append(_ bytes: [UInt8], isVolatile: Bool = false) {
        guard !bytes.isEmpty else { return }
        pieces.append(Piece(bytes: bytes, isVolatile: isVolatile))
        byteCount += bytes.count
    }

    /// Adds a pong, in the place of one that still waits: only the last ping need be answered (RFC 6455 section 5.5.3).
    package mutating func appendPong(_ bytes: [UInt8]) {
        guard let pong, pong > first || pong == first && sent == 0, pong < pieces.count else {
            append(bytes)
            pong = pieces.count - 1
            return
        }
        byteCount += bytes.count - pieces[pong].bytes.count
        pieces[pong] = Piece(bytes: bytes, isVolatile: false)
    }

    /// Drops what may be lost and has not begun to be sent.
    package mutating func dropVolatile() {
        let begun = first + (sent > 0 ? 1 : 0)
        guard begun < pieces.count else { return }
        let kept = pieces[begun...].filter { !$0.isVolatile }
        guard begun + kept.count < pieces.count else { return }
        pieces.replaceSubrange(begun..., with: kept)
        // Where it stands now is not worth a search: at worst the next one is another pong.
        pong = nil
        byteCount = pieces[first...].reduce(-sent) { $0 + $1.bytes.count }
    }

    /// Gives `write` the bytes that are next, as many as fit one write; it answers how many it took. Whether it took
    /// everything it was given.
    package mutating func send(gatheringIn scratch: inout [UInt8], _ write: (borrowing Span<UInt8>) -> Int)
        -> Bool
    {
        guard first < pieces.count else { return true }
        let offered: Int
        let taken: Int
        if first + 1 == pieces.count || pieces[first].bytes.count - sent >= Self.gatheredBytes / 2 {
            let bytes = pieces[first].bytes
            offered = bytes.count - sent
            taken = write(bytes.span.extracting(sent...))
        } else {
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: pieces[first].bytes[sent...])
            for piece in pieces[(first + 1)...] {
                guard scratch.count + piece.bytes.count <= Self.gatheredBytes else { break }
                scratch.append(contentsOf: piece.bytes)
            }
            offered = scratch.count
            taken = write(scratch.span)
        }
        consume(max(0, taken))
        return taken == offered
    }

    private mutating func consume(_ count: Int) {
        byteCount -= count
        var rest = count
        while rest > 0, first < pieces.count {
            let left = pieces[first].bytes.count - sent
            guard rest >= left else {
                sent += rest
                break
            }
            rest -= left
            first += 1
            sent = 0
        }
        if first == pieces.count {
            // A socket may be idle for hours.
            pieces.removeAll(keepingCapacity: pieces.capacity <= 8)
            first = 0
            pong = nil
        } else if first >= 64, first >= pieces.count / 2 {
            pieces.removeSubrange(..<first)
            pong = pong.flatMap { $0 < first ? nil : $0 - first }
            first = 0
        }
    }
}
