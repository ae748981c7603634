internal import Base
internal import Glibc
internal import Synchronization

/// An address that a host's name stands for, as the system has it.
package struct SocketAddress: Sendable, Equatable {
    /// A `sockaddr`.
    let bytes: [UInt8]
    let family: Int32

    /// Whether it is this machine: 127.0.0.0/8, ::1, or the former as an IPv6 address (RFC 6890).
    package var isLoopback: Bool {
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
}

/// Finds the addresses of a host.
package enum HostResolver {
    /// At most so many are tried.
    private static let maximumAddresses = 8

    private typealias Found = Result<[SocketAddress], ConnectionError>

    private final class Answer: Sendable {
        let found = Mutex<Found>(.failure(.timeout))
        let isThere: Bell

        init() throws(SystemError) { isThere = try Bell() }
    }

    /// The addresses in the system's order of preference, at least one. A name is looked up on a thread of its own, for
    /// the system's look-up cannot be given up; `isLiteral` says that it is an address, which needs none.
    package static func addresses(
        of name: String, port: Int, isLiteral: Bool = false, until end: Duration, _ patience: Patience
    ) throws(ConnectionError) -> [SocketAddress] {
        if isLiteral { return try lookUp(name, port, flags: AI_NUMERICHOST).get() }
        let answer: Answer
        do throws(SystemError) {
            answer = try Answer()
            try SystemThread(named: "resolver") { [answer] in
                let found = lookUp(name, port, flags: 0)
                answer.found.withLock { $0 = found }
                answer.isThere.ring()
            }.detach()
        } catch { throw .unreachable(error.code) }
        let wait = patience.wait(for: answer.isThere.descriptor, POLLIN, until: end)
        if wait == .cancelled { throw .cancelled }
        return try answer.found.withLock { $0 }.get()
    }

    private static func lookUp(_ name: String, _ port: Int, flags: Int32) -> Found {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, String(port), &hints, &found)
        guard code == 0, let first = unsafe found else {
            return .failure(.nameNotFound(unsafe String(cString: gai_strerror(code))))
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next, addresses.count < maximumAddresses {
            let length = Int(unsafe entry.pointee.ai_addrlen)
            if let address = unsafe entry.pointee.ai_addr, length <= 128 {
                let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: address, count: length))
                addresses.append(SocketAddress(bytes: bytes, family: unsafe entry.pointee.ai_family))
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.nameNotFound("it has no address")) : .success(addresses)
    }
}
