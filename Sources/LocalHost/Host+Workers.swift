internal import Base
internal import Glibc
internal import Runtime
internal import Wire

/// Several processes on one port: an Engine.IO session is one worker's, but the kernel gives its next connection to any.
/// Whoever gets it hands it on.
extension Serving {
    /// The worker whose session a request names, if it is not this one.
    func otherWorker(for request: HTTPRequest) -> Int? {
        guard let link = workers, request.path == settings.path,
            let name = request.queryItems().first(where: { $0.name == "sid" })?.value,
            let worker = Self.worker(ofSession: name), worker != link.index, (0..<link.count).contains(worker)
        else { return nil }
        return worker
    }

    /// Sessions' ids begin with the worker's number: `w3_…`.
    private static func worker(ofSession name: String) -> Int? {
        guard name.hasPrefix("w"), let end = name.firstIndex(of: "_") else { return nil }
        return Int(name[name.index(after: name.startIndex)..<end])
    }

    /// Hands a connection on, of whose request no more than the head has been taken, and on which no answer is owed.
    func handOn(_ connection: Connection, _ request: HTTPRequest, to worker: Int) {
        connection.handedOn = nil
        connection.isBusy = false
        var bytes = Array("\(request.method) \(request.target) HTTP/1.\(request.minorVersion)\r\n".utf8)
        for field in request.headers.fields { bytes += Array("\(field.name): \(field.value)\r\n".utf8) }
        bytes += Array("\r\n".utf8)
        bytes += connection.parser?.takeRemaining() ?? []
        guard
            workers?.hand(connection.descriptor, peer: connection.address, bytes: bytes, to: worker) == true
        else {
            return refuse(
                connection,
                Problem(.busy, "The session's worker cannot be reached.", retryAfter: limits.retryAfter)
            )
        }
        close(connection)
    }

    /// Takes the connections that other workers have handed on.
    func receiveHanded() {
        while let handed = workers?.receive(live: { deliver($0, number: 0) }) {
            guard let connection = try? adopt(handed.descriptor, address: handed.address) else { continue }
            connection.parser?.append(handed.bytes)
            advance(connection)
        }
    }
}
