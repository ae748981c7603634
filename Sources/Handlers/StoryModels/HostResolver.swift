internal import Glibc
internal import Synchronization

/// An address that a host's name stands for, as the system has it.
struct SocketAddress: Sendable, Equatable {
    /// A `sockaddr`.
    let bytes: [UInt8]
    let family: Int32
}

/// Finds the addresses of a host.
enum HostResolver {
    /// At most so many are tried.
    private static let maximumAddresses = 8

    private final class Answer: Sendable {
        let addresses = Mutex<[SocketAddress]>([])
        let isThere = Signal()
    }

    /// The addresses in the system's order of preference, none where there are none or the wait ended first. A name is
    /// looked up on a thread of its own, for the system's look-up cannot be given up.
    static func addresses(of address: ModelAddress, until end: Duration, _ patience: Patience)
        -> [SocketAddress]
    {
        if address.isAddress { return lookUp(address.name, address.port, flags: AI_NUMERICHOST) }
        let answer = Answer()
        let (name, port) = (address.name, address.port)
        let isStarted = RequestThread.start {
            let found = lookUp(name, port, flags: 0)
            answer.addresses.withLock { $0 = found }
            answer.isThere.raise()
        }
        guard isStarted else { return [] }
        _ = patience.wait(for: answer.isThere.descriptor, POLLIN, until: end)
        return answer.addresses.withLock { $0 }
    }

    private static func lookUp(_ name: String, _ port: Int, flags: Int32) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(name, String(port), &hints, &found) == 0, let first = unsafe found else {
            return []
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
        return addresses
    }
}
