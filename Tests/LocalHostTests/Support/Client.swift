import Glibc
import Wire

enum ClientError: Error { case cannotConnect(Int32), ended, timedOut, notHTTP, refused(Int) }

/// A blocking TCP client on loopback, whose every wait ends after ten seconds.
final class Client {
    struct Response: CustomStringConvertible {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        var description: String { "\(status) \(text.prefix(1_000))" }
    }

    private(set) var descriptor: Int32
    /// What has been received and not taken.
    private var buffer: [UInt8] = []

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if var receiveBuffer { unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ClientError.cannotConnect(errno) }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Goes away without a word: the peer gets a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    /// Ends our side only.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: some Collection<UInt8>) throws {
        let bytes = Array(bytes)
        var start = 0
        while start < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw errno == EAGAIN ? ClientError.timedOut : ClientError.ended }
            start += sent
        }
    }

    /// Some bytes, at least one.
    func receive() throws -> [UInt8] {
        if !buffer.isEmpty {
            defer { buffer = [] }
            return buffer
        }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        if count == 0 { throw ClientError.ended }
        guard count > 0 else { throw errno == EAGAIN ? ClientError.timedOut : ClientError.ended }
        return Array(bytes.prefix(count))
    }

    /// Whether the peer has ended the connection and sent nothing before that.
    func hasEnded() -> Bool {
        guard buffer.isEmpty else { return false }
        do {
            buffer = try receive()
            return false
        } catch ClientError.ended { return true } catch { return false }
    }

    private func fill() throws {
        let rest = buffer
        buffer = []
        buffer = rest + (try receive())
    }

    private func takeHead() throws -> [String] {
        while true {
            if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                buffer.removeSubrange(..<end.upperBound)
                return head.split(separator: "\r\n").map(String.init)
            }
            try fill()
        }
    }

    /// One response; `toHead` has no content whatever its length says.
    func response(toHead: Bool = false) throws -> Response {
        let lines = try takeHead()
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "),
            let status = Int(first.dropFirst(9).prefix(3))
        else { throw ClientError.notHTTP }
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            headers.add(parts[0], String((parts.count > 1 ? parts[1] : "").drop { $0 == " " }))
        }
        let length = toHead || status == 101 || status == 100 ? 0 : Int(headers["Content-Length"] ?? "0") ?? 0
        var body: [UInt8] = []
        while body.count < length {
            let bytes = try receive()
            let missing = length - body.count
            body += bytes.prefix(missing)
            buffer = Array(bytes.dropFirst(missing))
        }
        return Response(status: status, headers: headers, body: body)
    }

    /// A request and its answer.
    func exchange(_ method: String, _ target: String, _ fields: String = "", body: String = "") throws
        -> Response
    {
        try send(request(method, target, fields, body: body))
        return try response(toHead: method == "HEAD")
    }
}

/// A request's text; `fields` are whole lines.
func request(_ method: String, _ target: String, _ fields: String = "", body: String = "") -> String {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    return "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\(length)\r\n\(body)"
}

extension Client {
    /// Sends from another thread than the one that receives; what cannot be sent is dropped.
    static func sendAll(_ bytes: [UInt8], to descriptor: Int32) {
        var start = 0
        while start < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            start += sent
        }
    }
}
