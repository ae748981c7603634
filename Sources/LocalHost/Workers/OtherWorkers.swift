internal import Base
internal import Ledger
internal import Net
internal import Runtime
internal import Wire

/// Several processes on one port: an Engine.IO session is one worker's, but the kernel gives its next connection to any.
/// Whoever gets it hands it on.
final class OtherWorkers {
    private let link: WorkerLink
    private let path: String

    init(_ link: WorkerLink, path: String) {
        self.link = link
        self.path = path
    }

    /// The worker whose session a request names, if it is not this one.
    func other(for request: HTTPRequest) -> Int? {
        guard request.path == path,
            let name = request.queryItems().first(where: { $0.name == "sid" })?.value,
            let worker = Self.worker(ofSession: name), worker != link.index, (0..<link.count).contains(worker)
        else { return nil }
        return worker
    }

    /// What sessions' ids of this worker begin with: `w3`.
    var prefix: String { "w\(link.index)" }

    private static func worker(ofSession name: String) -> Int? {
        guard name.hasPrefix("w"), let end = name.firstIndex(of: "_") else { return nil }
        return Int(name[name.index(after: name.startIndex)..<end])
    }

    /// Hands a connection on, of whose request no more than the head has been taken, and on which no answer is owed.
    /// Whether it is on its way.
    func handOn(_ transport: Transport, _ request: HTTPRequest, _ rest: [UInt8], to worker: Int) -> Bool {
        var bytes = Array("\(request.method) \(request.target) HTTP/1.\(request.minorVersion)\r\n".utf8)
        for field in request.headers.fields { bytes += Array("\(field.name): \(field.value)\r\n".utf8) }
        bytes += Array("\r\n".utf8)
        bytes += rest
        return link.hand(transport.descriptor, peer: transport.address, bytes: bytes, to: worker)
    }

    /// Takes the connections that other workers have handed on; what their functions say live goes to `live`.
    func receive(_ acceptor: Acceptor, live: (Emit) -> Void) {
        while let handed = link.receive(live: live) {
            let connection = try? acceptor.adopt(handed.descriptor, address: handed.address)
            connection?.take(handed.bytes)
        }
    }

    func tell(_ emit: Emit) { link.tell(emit) }
}
