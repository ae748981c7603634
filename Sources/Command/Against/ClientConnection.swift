internal import Base
internal import Glibc

/// An address that a name stands for.
struct SocketAddress: Sendable, Equatable {
    /// A `sockaddr` as the system has it.
    fileprivate let bytes: [UInt8]
    fileprivate let family: Int32

    /// Whether it is this machine: 127.0.0.0/8, ::1, or the former as an IPv6 address (RFC 6890).
    var isLoopback: Bool {
        switch family {
        // The address stands behind the family and the port, in IPv6 behind the flow information too.
        case AF_INET: return bytes.count >= 8 && bytes[4] == 127
        case AF_INET6:
            guard bytes.count >= 24 else { return false }
            let address = Array(bytes[8..<24])
            let isMapped = address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xff && address[11] == 0xff
            return isMapped
                ? address[12] == 127 : address[..<15].allSatisfy { $0 == 0 } && address[15] == 1
        default: return false
        }
    }

    /// The addresses of a host, in the system's order of preference.
    static func resolve(_ host: TargetHost) throws(AgainstError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host.name, String(host.port), &hints, &found)
        guard code == 0, let first = unsafe found else {
            throw .unreachable(host.authority, unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next, addresses.count < 16 {
            let length = Int(unsafe entry.pointee.ai_addrlen)
            if let address = unsafe entry.pointee.ai_addr, length <= 128 {
                let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: address, count: length))
                addresses.append(SocketAddress(bytes: bytes, family: unsafe entry.pointee.ai_family))
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}

/// A TCP connection to the host under test. Every wait has an end; belongs to one thread.
final class ClientConnection {
    /// What has arrived and was not taken yet.
    private(set) var received: [UInt8] = []
    /// The peer sends nothing more, or the connection is broken.
    private(set) var hasEnded = false
    private let descriptor: Int32
    private let uptime: @Sendable () -> Duration

    /// Connects to an address, within `patience`.
    init(
        _ address: SocketAddress, within patience: Duration, uptime: @escaping @Sendable () -> Duration
    ) throws(TrafficFailure) {
        self.uptime = uptime
        descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .cannotConnect(Self.text(errno)) }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let code = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if code == 0 { return }
        guard errno == EINPROGRESS else { throw .cannotConnect(Self.text(errno)) }
        guard wait(for: POLLOUT, until: uptime() + patience) else { throw .connectTimeout(patience) }
        var failure: Int32 = 0
        var length = socklen_t(4)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
        guard failure == 0 else { throw .cannotConnect(Self.text(failure)) }
    }

    deinit { close(descriptor) }

    /// Sends all of it. What arrives meanwhile is taken in, so that two full buffers cannot hold each other up.
    func send(_ bytes: [UInt8], until deadline: Duration) throws(TrafficFailure) {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                start += count
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                let left = deadline - uptime()
                guard left > .zero else { throw .sendTimeout }
                fill(atMost: 16 << 20)
                if hasEnded { throw .closed }
                _ = wait(for: POLLOUT | POLLIN, until: min(deadline, uptime() + .milliseconds(100)))
            } else if errno != EINTR {
                hasEnded = true
                throw .closed
            }
        }
    }

    /// Takes in what has arrived, without waiting; stops at `limit` bytes that nobody has taken.
    func fill(atMost limit: Int) {
        while !hasEnded, received.count < limit {
            let start = received.count
            let count = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
                let result = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
                count = max(0, result)
                if result == 0 || (result < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                    hasEnded = true
                }
            }
            received.append(contentsOf: count)
            if received.count - start < 16_384 { return }
        }
    }

    /// What has arrived; it is the caller's now.
    func take() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// Nothing more is read from it.
    func end() {
        hasEnded = true
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Waits until one of the connections has something to read, or for `patience`; without connections it just waits.
    static func wait(for connections: [ClientConnection], atMost patience: Duration) {
        var entries = connections.filter { !$0.hasEnded }.map {
            pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
        }
        _ = unsafe poll(&entries, nfds_t(entries.count), milliseconds(patience))
    }

    private func wait(for events: Int32, until deadline: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        while true {
            let left = deadline - uptime()
            let code = unsafe poll(&entry, 1, Self.milliseconds(left))
            if code > 0 { return true }
            guard left > .zero, code == 0 || errno == EINTR else { return false }
        }
    }

    /// Rounded up, so that a short wait does not become none.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: min(seconds, 86_400) * 1_000 + rest)
    }

    private static func text(_ code: Int32) -> String { SystemError.words(code) }
}
