internal import Base
internal import Glibc

/// A TCP connection to somebody who serves, with TLS where that is asked for. Every wait has an end; belongs to one
/// thread, which it blocks.
package final class ClientConnection {
    /// What has arrived and was not taken yet.
    package private(set) var received: [UInt8] = []
    /// The peer sends nothing more, or the connection is broken.
    package private(set) var hasEnded = false

    private let descriptor: Int32
    /// What ends its waits from here on.
    package var patience: Patience
    /// Whether it ended otherwise than by the peer's will.
    private var isBroken = false
    /// Frees itself when the connection is let go of.
    private var tls: TLS?

    /// So much is taken in at once.
    private static let pieceBytes = 16_384
    /// So much is taken in while something is sent.
    private static let receivedWhileSending = 16 << 20

    /// Whom to connect to.
    package struct Peer: Sendable {
        let name: String
        let port: Int
        let isLiteral: Bool
        let isSecure: Bool

        /// The host called `name`, or of this address where `isLiteral`; with TLS where `isSecure`.
        package init(name: String, port: Int, isLiteral: Bool, isSecure: Bool) {
            self.name = name
            self.port = port
            self.isLiteral = isLiteral
            self.isSecure = isSecure
        }
    }

    /// Connects to one of a host's addresses.
    package convenience init(
        to peer: Peer, until end: Duration, _ patience: Patience
    ) throws(ConnectionError) {
        let addresses = try HostResolver.addresses(
            of: peer.name, port: peer.port, isLiteral: peer.isLiteral, until: end, patience)
        try self.init(toOneOf: addresses, until: end, patience)
        if peer.isSecure { try secure(host: peer.name, isAddress: peer.isLiteral, until: end) }
    }

    /// Connects to an address.
    package convenience init(
        to address: SocketAddress, until end: Duration, _ patience: Patience
    ) throws(ConnectionError) {
        try self.init(toOneOf: [address], until: end, patience)
    }

    private init(
        toOneOf addresses: [SocketAddress], until end: Duration, _ patience: Patience
    ) throws(ConnectionError) {
        self.patience = patience
        var failure = ConnectionError.timeout
        for (index, address) in addresses.enumerated() {
            let now = patience.uptime()
            // A dead address must not use up the time of those behind it.
            let share = now + (end - now) / (addresses.count - index)
            do throws(ConnectionError) {
                descriptor = try Self.open(address, until: share, patience)
                return
            } catch { failure = error }
            if failure == .cancelled { break }
        }
        throw failure
    }

    deinit {
        // TLS before the descriptor that it writes to.
        tls = nil
        close(descriptor)
    }

    /// A connected socket.
    private static func open(
        _ address: SocketAddress, until end: Duration, _ patience: Patience
    ) throws(ConnectionError) -> Int32 {
        let descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .unreachable(errno) }
        var one: Int32 = 1
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let code = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if code == 0 { return descriptor }
        var number = errno
        var failure = ConnectionError.unreachable(number)
        if number == EINPROGRESS {
            switch patience.wait(for: descriptor, POLLOUT, until: end) {
            case .ready:
                var length = socklen_t(4)
                _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
                if number == 0 { return descriptor }
                failure = .unreachable(number)
            case .timeout: failure = .timeout
            case .cancelled: failure = .cancelled
            }
        }
        close(descriptor)
        throw failure
    }

    /// Goes over to TLS.
    private func secure(host: String, isAddress: Bool, until end: Duration) throws(ConnectionError) {
        guard let made = TLS(descriptor, host: host, isAddress: isAddress) else { throw .insecure }
        tls = made
        while true {
            switch made.handshake() {
            case .done: return
            case .failed: throw .insecure
            case .needs(let events): try wait(events, until: end)
            }
        }
    }

    private func wait(_ events: Int32, until end: Duration) throws(ConnectionError) {
        switch patience.wait(for: descriptor, events, until: end) {
        case .ready: return
        case .timeout: throw .timeout
        case .cancelled: throw .cancelled
        }
    }

    // MARK: Sending

    /// Sends all of it. What arrives meanwhile is taken in, so that two full buffers cannot hold each other up.
    package func send(_ bytes: [UInt8], until end: Duration) throws(ConnectionError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch write(rest) {
            case .done(let count): rest = rest.dropFirst(count)
            case .failed:
                (hasEnded, isBroken) = (true, true)
                throw .broken
            case .needs(let events):
                fill(atMost: Self.receivedWhileSending)
                let takesMore = !hasEnded && received.count < Self.receivedWhileSending
                try wait(takesMore ? events | POLLIN : events, until: end)
            }
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>) -> TLS.Step<Int> {
        if let tls { return tls.write(bytes) }
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
        return count > 0 ? .done(count) : errno == EAGAIN || errno == EINTR ? .needs(POLLOUT) : .failed
    }

    /// Has a loop tell of what arrives, for as long as the connection is there.
    package func watch(by loop: EventLoop, token: UInt64) throws(HostError) {
        try loop.watch(descriptor, for: .read, token: token)
    }

    // MARK: Receiving

    /// What arrives next, at least one byte; nothing at the connection's end.
    package func receive(until end: Duration) throws(ConnectionError) -> [UInt8] {
        while true {
            let needed = fillOnce()
            if !received.isEmpty { return take() }
            if isBroken { throw .broken }
            guard let needed else { return [] }
            try wait(needed, until: end)
        }
    }

    /// Takes in what has arrived, without waiting; stops at `limit` bytes that nobody has taken.
    package func fill(atMost limit: Int) {
        while received.count < limit, !hasEnded {
            let before = received.count
            _ = fillOnce()
            // With TLS there may be more that the socket does not show.
            if received.count - before < (tls == nil ? Self.pieceBytes : 1) { return }
        }
    }

    /// What has arrived; it is the caller's now.
    package func take() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// Nothing more is read from it.
    package func end() {
        hasEnded = true
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Waits until one of the connections has something to read, or for `time`; without connections it just waits.
    package static func wait(for connections: [ClientConnection], atMost time: Duration) {
        var entries = connections.filter { !$0.hasEnded }.map {
            pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
        }
        _ = unsafe poll(&entries, nfds_t(entries.count), Patience.milliseconds(time))
    }

    /// Takes in a piece of what has arrived. What the socket must be ready for where there is none yet.
    private func fillOnce() -> Int32? {
        guard !hasEnded else { return nil }
        switch read() {
        case .done(let bytes):
            if bytes.isEmpty { hasEnded = true }
            if received.isEmpty { received = bytes } else { received += bytes }
            return nil
        case .needs(let events): return events
        case .failed:
            (hasEnded, isBroken) = (true, true)
            return nil
        }
    }

    private func read() -> TLS.Step<[UInt8]> {
        if let tls { return tls.read() }
        var code = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            code = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            count = max(0, code)
        }
        return code >= 0 ? .done(bytes) : errno == EAGAIN || errno == EINTR ? .needs(POLLIN) : .failed
    }
}
