internal import Base
internal import CZlib

/// Compresses the messages of one side of a connection (RFC 7692 7.2.1).
///
/// A connection owns one where permessage-deflate was negotiated. zlib's memory is taken at the first message;
/// without context takeover it is given back behind each.
public final class WebSocketDeflater {
    private let windowBits: Int
    private let keepsContext: Bool
    private let level: Int
    private var stream: DeflateStream?

    /// A deflater.
    ///
    /// - Parameters:
    ///   - agreed: what was negotiated.
    ///   - role: the side that sends: `.server` sends what a client reads.
    ///   - level: how much zlib tries, 1 to 9.
    public init(_ agreed: PerMessageDeflate, role: WebSocketDecoder.Role = .server, level: Int = 6) {
        let bits = role == .server ? agreed.serverWindowBits : agreed.clientWindowBits
        windowBits = min(max(bits, 9), 15)
        keepsContext = role == .server ? !agreed.serverNoContextTakeover : !agreed.clientNoContextTakeover
        self.level = min(max(level, 1), 9)
    }

    /// The payload of a message's frames, of which the first has RSV1 set. Messages have to be sent in the
    /// order in which they were deflated, and every one of them, unless there is no context takeover.
    public func deflate(_ payload: [UInt8]) -> [UInt8] {
        // One empty block without its last four octets (RFC 7692 7.2.3.6).
        guard !payload.isEmpty else { return [0] }
        let stream = self.stream ?? DeflateStream(level: level, windowBits: windowBits)
        self.stream = keepsContext ? stream : nil
        var output = stream.flush(payload)
        output.removeLast(min(DeflateStream.tail.count, output.count))
        return output
    }
}

/// Decompresses the messages that one side of a connection receives (RFC 7692 7.2.2).
///
/// `WebSocketDecoder(deflate:)` makes its own. zlib's memory is taken at the first message; without context
/// takeover it is given back behind each.
///
/// Sendable, because the decoder is: one decoder owns it and calls it within its own mutating calls, so that
/// no two calls come at once.
public final class WebSocketInflater: @unchecked Sendable {
    private let windowBits: Int
    private let keepsContext: Bool
    private var stream: InflateStream?

    /// An inflater. `role` is the side that reads: `.server` reads what a client sends.
    public init(_ agreed: PerMessageDeflate, role: WebSocketDecoder.Role = .server) {
        let bits = role == .server ? agreed.clientWindowBits : agreed.serverWindowBits
        // Older zlibs deflate with a window of 9 bits where 8 are asked for.
        windowBits = min(max(bits, 9), 15)
        keepsContext = role == .server ? !agreed.clientNoContextTakeover : !agreed.serverNoContextTakeover
    }

    /// A message, from the payload of its frames.
    ///
    /// - Parameters:
    ///   - payload: what the frames brought, joined.
    ///   - limit: the most octets of the message. What goes beyond is an error (1009) as soon as it shows,
    ///     however much more there would be.
    public func inflate(_ payload: [UInt8], atMost limit: Int) throws(WebSocketError) -> [UInt8] {
        let stream = self.stream ?? InflateStream(windowBits: windowBits)
        self.stream = nil
        var output: [UInt8] = []
        let isEnded = try stream.inflate(payload, into: &output, atMost: limit)
        // A sender may end a message with a final block in place of the empty one (RFC 7692 7.2.3.4).
        if !isEnded { _ = try stream.inflate(DeflateStream.tail, into: &output, atMost: limit) }
        guard isEnded || stream.isAtBlock else { throw .notInflatable }
        if keepsContext { self.stream = stream }
        return output
    }
}

extension WebSocketError {
    fileprivate static let notInflatable = WebSocketError.notText("The message cannot be inflated.")
}

/// How much zlib is given room for at once. More than the six octets of a flush, so that one is never begun
/// twice.
private let chunkBytes = 16 * 1024

/// zlib's compression. The stream stays where it was allocated, since zlib keeps a pointer to it.
@safe private final class DeflateStream {
    /// The end of the empty block that a flush writes, and that messages go without (RFC 7692 7.2.1).
    static let tail: [UInt8] = [0, 0, 0xFF, 0xFF]

    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int, windowBits: Int) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // The hash table goes with the window: 2^(bits + 2) octets for the one, 2^(level + 9) for the other.
        let memoryLevel = max(1, windowBits - 7)
        let status = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, -Int32(windowBits), Int32(memoryLevel), Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory, or is not the one that this was built with")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The compressed bytes, up to an octet's boundary.
    func flush(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkBytes) { chunk in
                var offset = 0
                while offset < input.count {
                    let piece = min(input.count - offset, 1 << 30)
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: input.baseAddress?.advanced(by: offset))
                    unsafe stream.pointee.avail_in = UInt32(piece)
                    offset += piece
                    repeat {
                        unsafe stream.pointee.next_out = chunk.baseAddress
                        unsafe stream.pointee.avail_out = UInt32(chunkBytes)
                        _ = unsafe CZlib.deflate(stream, Z_SYNC_FLUSH)
                        let written = unsafe chunkBytes - Int(stream.pointee.avail_out)
                        unsafe output.append(contentsOf: chunk[..<written])
                    } while unsafe stream.pointee.avail_out == 0
                }
            }
        }
        // Neither pointer is good any longer.
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        return output
    }
}

/// zlib's decompression. The stream stays where it was allocated, since zlib keeps a pointer to it.
@safe private final class InflateStream {
    private let stream: UnsafeMutablePointer<z_stream>

    init(windowBits: Int) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            stream, -Int32(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has no memory, or is not the one that this was built with")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Whether all that came in belongs to complete blocks: zlib says so with 128, and with the count of bits
    /// that are left over.
    var isAtBlock: Bool { unsafe stream.pointee.data_type == 128 }

    /// Appends what the bytes stand for; says whether they end with the end of a final block.
    func inflate(
        _ bytes: [UInt8], into output: inout [UInt8], atMost limit: Int
    ) throws(WebSocketError) -> Bool {
        guard bytes.count <= Int32.max else { throw .tooBig("The message is too long.") }
        var failure: WebSocketError?
        var isEnded = false
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkBytes) { chunk in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(input.count)
                do throws(WebSocketError) {
                    isEnded = unsafe try inflate(in: chunk, into: &output, atMost: limit)
                } catch { failure = error }
            }
        }
        // Neither pointer is good any longer.
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        if let failure { throw failure }
        return isEnded
    }

    private func inflate(
        in chunk: UnsafeMutableBufferPointer<UInt8>, into output: inout [UInt8], atMost limit: Int
    ) throws(WebSocketError) -> Bool {
        while true {
            unsafe stream.pointee.next_out = chunk.baseAddress
            unsafe stream.pointee.avail_out = UInt32(chunk.count)
            let status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
            let written = unsafe chunk.count - Int(stream.pointee.avail_out)
            guard written <= limit - output.count else { throw .tooBig("The message is too long.") }
            unsafe output.append(contentsOf: chunk[..<written])
            switch status {
            case Z_OK: break
            case Z_BUF_ERROR where written == 0: return false
            case Z_STREAM_END:
                // What follows a final block is a stream of its own, and it is as long as its octets at least.
                unsafe inflateReset(stream)
                if unsafe stream.pointee.avail_in == 0 { return true }
            default: throw .notInflatable
            }
            if unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0 { return false }
        }
    }
}
