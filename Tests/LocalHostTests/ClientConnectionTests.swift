import Base
import Glibc
import Net
import Testing

/// The client's connection, against a socket that listens and does nothing by itself.
@Suite struct ClientConnectionTests {
    /// A port of this machine where nobody answers beyond the handshake.
    private final class Silence {
        let descriptor: Int32
        let port: Int

        init() throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                    unsafe bind(descriptor, name, length) == 0 && listen(descriptor, 8) == 0
                        && getsockname(descriptor, name, &length) == 0
                }
            }
            port = Int(UInt16(bigEndian: address.sin_port))
            guard bound else { throw ConnectionError.broken }
        }

        deinit { close(descriptor) }

        /// The other end of a connection that was made.
        func accepted() -> Int32 { accept(descriptor, nil, nil) }

        func peer(isSecure: Bool = false) -> ClientConnection.Peer {
            ClientConnection.Peer(name: "127.0.0.1", port: port, isLiteral: true, isSecure: isSecure)
        }
    }

    private static let start = ContinuousClock.now
    private static func uptime() -> Duration { start.duration(to: .now) }
    private let patience = Patience(uptime: Self.uptime)

    @Test func whereNobodyListens_theConnectionIsRefused() throws {
        let port: Int
        do { port = try Silence().port }
        let peer = ClientConnection.Peer(name: "127.0.0.1", port: port, isLiteral: true, isSecure: false)
        #expect(throws: ConnectionError.refused) {
            try ClientConnection(to: peer, until: Self.uptime() + .seconds(60), patience)
        }
    }

    @Test(arguments: [false, true]) func aSilentPeer_isGivenUp(_ isSecure: Bool) throws {
        let silence = try Silence()
        #expect(throws: ConnectionError.timeout) {
            let connection = try ClientConnection(
                to: silence.peer(isSecure: isSecure), until: Self.uptime() + .milliseconds(50), patience)
            _ = try connection.receive(until: Self.uptime())
        }
    }

    @Test func aBell_endsEveryWait_evenOneThatBeginsLater() throws {
        let silence = try Silence()
        let bell = try Bell()
        let patience = Patience(cancellation: bell, uptime: Self.uptime)
        let connection = try ClientConnection(
            to: silence.peer(), until: Self.uptime() + .seconds(60), patience)
        #expect(!patience.isCancelled)
        bell.ring()
        for _ in 0..<2 {
            #expect(patience.isCancelled)
            #expect(throws: ConnectionError.cancelled) {
                try connection.receive(until: Self.uptime() + .seconds(60))
            }
        }
        #expect(throws: ConnectionError.cancelled) {
            try HostResolver.addresses(
                of: "localhost", port: 1, until: Self.uptime() + .seconds(60), patience)
        }
    }

    @Test func twoWhoSend_doNotHoldEachOtherUp() throws {
        let silence = try Silence()
        let connection = try ClientConnection(
            to: silence.peer(), until: Self.uptime() + .seconds(60), patience)
        let other = silence.accepted()
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        // Sends all of it before it reads any.
        let thread = try SystemThread(named: "test-peer") {
            var start = 0
            while start < bytes.count {
                let count = unsafe bytes[start...].withUnsafeBytes {
                    unsafe write(other, $0.baseAddress, $0.count)
                }
                guard count > 0 else { return }
                start += count
            }
            var (buffer, count) = ([UInt8](repeating: 0, count: 1 << 16), 0)
            while count < bytes.count {
                let piece = unsafe read(other, &buffer, buffer.count)
                guard piece > 0 else { break }
                count += piece
            }
            close(other)
        }
        try connection.send(bytes, until: Self.uptime() + .seconds(60))
        var received = connection.take()
        while true {
            let piece = try connection.receive(until: Self.uptime() + .seconds(60))
            if piece.isEmpty { break }
            received += piece
        }
        #expect(received == bytes)
        #expect(connection.hasEnded)
        thread.join()
    }
}
