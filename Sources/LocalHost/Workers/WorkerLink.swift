internal import Base
internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import Ledger

/// The way of a worker to the others: hands them connections that are theirs, and takes those that they hand over.
///
/// A long-polling request or an upgrade may reach any worker, for the kernel knows nothing of Engine.IO sessions; it
/// must be answered by the one that has the session. One message is one connection: its descriptor (SCM_RIGHTS, unix(7)),
/// the peer's address, and the bytes that have been read from it. Messages come whole or not at all, and in the order in
/// which one worker sent them to another.
public final class WorkerLink: Sendable {
    /// A connection that another worker has handed over.
    struct Handed {
        /// The socket, not blocking; the receiver's to close.
        let descriptor: Int32
        /// The peer's address, as `Listener.accept` gives it.
        let address: String
        /// What has been read from the connection and not been answered.
        let bytes: [UInt8]
    }

    /// Where the message begins: one byte for its form, one for the address's length.
    private static let headBytes = 2
    private static let form: UInt8 = 1
    /// The form of what a function says live: its JSON follows, and no descriptor comes with it.
    private static let liveForm: UInt8 = 2

    /// Which of the workers this one is, from 0.
    let index: Int
    /// How many there are.
    var count: Int { outboxes.count }
    /// To watch for reading; `receive` takes what comes.
    let descriptor: Int32
    private let outboxes: [Int32]

    /// The link of the worker whose place this process has taken; nil where there are no others. The descriptors stay open
    /// as long as the process.
    public init?(_ place: WorkerPlace) {
        guard let link = place.link else { return nil }
        index = place.index
        descriptor = link.inbox
        outboxes = link.outboxes
    }

    /// Hands a connection to `worker`: whether it is on its way. It then is that worker's, and the caller closes its own
    /// descriptor without a `shutdown`.
    ///
    /// False where there is no such worker, where the message would be larger than `HostLimits.workerMessageBytes`, and where too much waits
    /// for that worker already: the caller answers for itself (503).
    func hand(_ descriptor: Int32, peer address: String, bytes: [UInt8], to worker: Int) -> Bool {
        let address = address.utf8
        guard outboxes.indices.contains(worker), address.count <= 255,
            bytes.count <= HostLimits.workerMessageBytes - Self.headBytes - address.count
        else { return false }
        var message: [UInt8] = []
        message.reserveCapacity(Self.headBytes + address.count + bytes.count)
        message.append(Self.form)
        message.append(UInt8(address.count))
        message += address
        message += bytes
        return unsafe message.withUnsafeBytes { message in
            unsafe clinux_send_descriptor(outboxes[worker], descriptor, message.baseAddress, message.count)
                == 0
        }
    }

    /// Passes on to all other workers what a function says live. What does not fit, or finds too much waiting, is lost:
    /// nobody may rely on it.
    func tell(_ emit: Emit) {
        guard let json = try? JSONEncoder().encode(emit), json.count < HostLimits.workerMessageBytes else {
            return
        }
        let message = [Self.liveForm] + json
        for (worker, outbox) in outboxes.enumerated() where worker != index {
            _ = unsafe message.withUnsafeBytes { message in
                unsafe send(
                    outbox, message.baseAddress, message.count,
                    Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            }
        }
    }

    /// The next connection that was handed over; nil where none waits. What came before it of what functions say live
    /// goes to `live`. What is no such message is dropped.
    func receive(live: (Emit) -> Void = { _ in }) -> Handed? {
        while true {
            var descriptor: Int32 = -1
            let message: [UInt8]? = unsafe withUnsafeTemporaryAllocation(
                byteCount: HostLimits.workerMessageBytes, alignment: 1
            ) { buffer in
                let count = unsafe clinux_receive_descriptor(
                    self.descriptor, &descriptor, buffer.baseAddress, buffer.count)
                guard count >= 0 else { return nil }
                return unsafe Array(buffer.prefix(Int(count)))
            }
            guard let message else { return nil }
            guard descriptor >= 0 else {
                if message.first == Self.liveForm,
                    let emit = try? JSONDecoder().decode(Emit.self, from: Data(message.dropFirst()))
                {
                    live(emit)
                }
                continue
            }
            if let handed = Self.read(message, descriptor) { return handed }
            close(descriptor)
        }
    }

    private static func read(_ message: [UInt8], _ descriptor: Int32) -> Handed? {
        guard message.count >= headBytes, message[0] == form, isStream(descriptor) else { return nil }
        let start = headBytes + Int(message[1])
        guard message.count >= start else { return nil }
        return Handed(
            descriptor: descriptor, address: String(decoding: message[headBytes..<start], as: UTF8.self),
            bytes: Array(message[start...]))
    }

    private static func isStream(_ descriptor: Int32) -> Bool {
        var kind: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &length) == 0
            && kind == Int32(SOCK_STREAM.rawValue)
    }
}
