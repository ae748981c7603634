internal import CTLS
internal import Glibc

/// A TCP connection to a model's server, with TLS for `https`. Every wait has an end; belongs to one thread.
final class Connection {
    /// Why there is no connection, or none any more.
    enum Failure: Error, Equatable {
        /// The host's name has no address.
        case nameNotFound
        /// Nothing listens there.
        case refused
        /// TLS does not come about: most often the certificate is not one of the host, or of nobody that is trusted.
        case insecure
        /// No address of the host answers, for another reason.
        case unreachable
        case timeout
        case cancelled
        /// It broke.
        case broken
    }

    /// How long the connection itself may take, TLS included.
    static let connectLimit = Duration.seconds(5)

    private let descriptor: Int32
    private let patience: Patience
    private let end: Duration
    /// Frees itself when the connection is let go of.
    private var security: Security?

    /// Connects to one of the host's addresses. What it waits for later ends at `end`.
    init(to address: ModelAddress, until end: Duration, _ patience: Patience) throws(Failure) {
        self.patience = patience
        self.end = end
        let limit = min(end, patience.uptime() + Self.connectLimit)
        let addresses = HostResolver.addresses(of: address, until: limit, patience)
        var opened: Int32 = -1
        var failure: Int32 = 0
        for (index, candidate) in addresses.enumerated() {
            let now = patience.uptime()
            // A dead address must not use up the time of those behind it.
            let share = now + (limit - now) / (addresses.count - index)
            opened = try Self.open(candidate, until: share, patience, &failure)
            if opened >= 0 { break }
        }
        if patience.cancellation.isRaised { throw .cancelled }
        guard opened >= 0 else {
            if failure == ECONNREFUSED { throw .refused }
            if patience.uptime() >= limit { throw .timeout }
            throw addresses.isEmpty ? .nameNotFound : .unreachable
        }
        descriptor = opened
        guard address.isSecure else { return }
        guard let made = Security(opened, host: address.name, isAddress: address.isAddress) else {
            throw .insecure
        }
        security = made
        while true {
            switch made.handshake() {
            case .done: return
            case .failed: throw .insecure
            case .needs(let events): try wait(events, until: limit)
            }
        }
    }

    deinit {
        // TLS before the descriptor that it writes to.
        security = nil
        close(descriptor)
    }

    /// A connected socket; -1 where the address does not answer, and the system's number of why.
    private static func open(
        _ address: SocketAddress, until end: Duration, _ patience: Patience, _ failure: inout Int32
    ) throws(Failure) -> Int32 {
        let descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        var one: Int32 = 1
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let code = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if code == 0 { return descriptor }
        failure = errno
        if failure == EINPROGRESS, patience.wait(for: descriptor, POLLOUT, until: end) == .ready {
            var length = socklen_t(4)
            _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
            if failure == 0 { return descriptor }
        }
        close(descriptor)
        return -1
    }

    private func wait(_ events: Int32, until end: Duration) throws(Failure) {
        switch patience.wait(for: descriptor, events, until: end) {
        case .ready: return
        case .timeout: throw .timeout
        case .cancelled: throw .cancelled
        }
    }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let step: Security.Step<Int>
            if let security {
                step = security.write(bytes[start...])
            } else {
                let count = unsafe bytes[start...].withUnsafeBytes { buffer in
                    unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                }
                step =
                    count > 0
                    ? .done(count) : errno == EAGAIN || errno == EINTR ? .needs(POLLOUT) : .failed
            }
            switch step {
            case .done(let count): start += count
            case .failed: throw .broken
            case .needs(let events): try wait(events, until: end)
            }
        }
    }

    /// What arrives next, at least one byte; nothing at the connection's end.
    func receive(until limit: Duration) throws(Failure) -> [UInt8] {
        while true {
            let step: Security.Step<[UInt8]>
            if let security {
                step = security.read()
            } else {
                var code = 0
                let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
                    code = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
                    count = max(0, code)
                }
                step =
                    code >= 0 ? .done(bytes) : errno == EAGAIN || errno == EINTR ? .needs(POLLIN) : .failed
            }
            switch step {
            case .done(let bytes): return bytes
            case .failed: throw .broken
            case .needs(let events): try wait(events, until: min(end, limit))
            }
        }
    }
}
