internal import CTLS
internal import Glibc

/// TLS over a connected socket, all of it libssl's: the peer must have a certificate of the host's name or address that
/// the system's authorities vouch for. Belongs to one thread, which SIGPIPE no longer ends; the socket outlives it.
@safe final class TLS {
    /// What a step came to.
    enum Step<Value> {
        case done(Value)
        /// The socket must first be ready for these events of poll(2).
        case needs(Int32)
        case failed
    }

    /// Made at the first use, since it reads all of the system's certificates; kept for good.
    @safe private struct Shared: @unchecked Sendable {
        // libssl's contexts may be used from several threads once they are set up.
        let context: OpaquePointer?
    }

    private static let shared = unsafe Shared(context: ctls_client_context())

    private let ssl: OpaquePointer

    /// Nil where libssl cannot.
    init?(_ descriptor: Int32, host: String, isAddress: Bool) {
        // libssl writes without MSG_NOSIGNAL.
        ctls_ignore_broken_pipes()
        guard let context = unsafe Self.shared.context,
            let made = unsafe ctls_connection(context, descriptor, host, isAddress ? 1 : 0)
        else { return nil }
        unsafe ssl = made
    }

    deinit { unsafe SSL_free(ssl) }

    func handshake() -> Step<Void> {
        ERR_clear_error()
        let code = unsafe SSL_do_handshake(ssl)
        return code == 1 ? .done(()) : step(after: code)
    }

    /// Sends some of it; how many bytes.
    func write(_ bytes: ArraySlice<UInt8>) -> Step<Int> {
        ERR_clear_error()
        let code = unsafe bytes.withUnsafeBytes { buffer in
            unsafe SSL_write(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        }
        return code > 0 ? .done(Int(code)) : step(after: code)
    }

    /// What arrives next; nothing at the proper end. An end without TLS's own goodbye is a failure, for anyone could
    /// have made it.
    func read() -> Step<[UInt8]> {
        ERR_clear_error()
        var code: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
            code = unsafe SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
            count = Int(max(0, code))
        }
        if code > 0 { return .done(bytes) }
        return unsafe SSL_get_error(ssl, code) == SSL_ERROR_ZERO_RETURN ? .done([]) : step(after: code)
    }

    private func step<Value>(after code: Int32) -> Step<Value> {
        switch unsafe SSL_get_error(ssl, code) {
        case SSL_ERROR_WANT_READ: .needs(POLLIN)
        case SSL_ERROR_WANT_WRITE: .needs(POLLOUT)
        default: .failed
        }
    }
}
