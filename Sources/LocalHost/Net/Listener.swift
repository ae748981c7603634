internal import Base
internal import CLinux
internal import Glibc

/// A listening TCP socket.
package struct Listener {
    package let descriptor: Int32
    /// The port, also where the system chose it.
    package let port: Int

    /// Listens on `host` (a name or a literal address) and `port` (0: any free one).
    ///
    /// Nobody else may listen there, whatever they have set; with `joining` only those may that have let others share
    /// the port (`share`).
    package init(host: String, port: Int, backlog: Int32, joining: Bool = false) throws(HostError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let first = unsafe found else {
            throw .badAddress(host: host, port: port, reason: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(first) }
        descriptor = unsafe socket(
            first.pointee.ai_family,
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .system("socket", errno) }
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        if joining { Self.share(descriptor) }
        guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            listen(descriptor, backlog) == 0
        else {
            let reason = errno
            close(descriptor)
            if reason == EADDRINUSE { throw .addressInUse(host: host, port: port) }
            throw .badAddress(host: host, port: port, reason: SystemError.words(reason))
        }
        self.port = Self.port(of: descriptor) ?? port
    }

    /// A socket that listens already, inherited from the process that started this one; TCP's.
    package init(inherited descriptor: Int32) throws(HostError) {
        guard let port = Self.port(of: descriptor) else { throw .system("getsockname", errno) }
        self.descriptor = descriptor
        self.port = port
    }

    /// Lets further sockets of this user listen on the same port from now on; the kernel spreads connections over all
    /// of them (socket(7), SO_REUSEPORT).
    package func share() { Self.share(descriptor) }

    private static func share(_ descriptor: Int32) {
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next connection; nil where none waits.
    package func accept() throws(HostError) -> (descriptor: Int32, address: String)? {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    unsafe clinux_accept(descriptor, address, &length)
                }
            }
            if accepted >= 0 {
                var one: Int32 = 1
                unsafe setsockopt(
                    accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
                return (accepted, Self.text(of: storage, length))
            }
            switch errno {
            case EAGAIN, EWOULDBLOCK: return nil
            case ECONNABORTED, EINTR, EPROTO: continue
            default: throw .system("accept", errno)
            }
        }
    }

    /// The address on which it listens, as a number.
    package var address: String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getsockname(descriptor, address, &length)
            }
        }
        return code == 0 ? Self.text(of: storage, length) : "unknown"
    }

    private static func text(of storage: sockaddr_storage, _ length: socklen_t) -> String {
        var storage = storage
        var name = [CChar](repeating: 0, count: 64)
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard code == 0 else { return "unknown" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // An IPv4 peer of an IPv6 socket is the same peer.
        return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer -> Int? in
            let code = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getsockname(descriptor, address, &length)
            }
            guard code == 0 else { return nil }
            // The port stands in the same place of an IPv4 and an IPv6 address.
            return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                Int(UInt16(bigEndian: unsafe address.pointee.sin_port))
            }
        }
    }
}
