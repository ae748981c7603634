internal import Base
internal import Ledger
internal import Wire

/// One event for many sockets, encoded once for each kind of client among them.
struct Delivery {
    /// A kind of client.
    enum Form: Equatable {
        case engine(namespace: String, hasOffset: Bool, isQuestion: Bool)
        case plain
    }

    let emit: Emit
    /// Its place in the store's order; 0 for what is not kept (`Context.live`).
    let number: Int64
    private var made: [(form: Form, packet: OutgoingPacket)] = []

    init(_ emit: Emit, number: Int64) {
        self.emit = emit
        self.number = number
    }

    /// Whether a client that was lost may ask for it, so that it must know its number.
    private var isKept: Bool { number > 0 && !emit.isVolatile && emit.answerWithin == nil }

    /// What this socket gets. `isQuestion` where its answer is awaited.
    mutating func packet(for socket: Socket, isQuestion: Bool = false) -> OutgoingPacket {
        let form: Form =
            socket.session.isSocketIO
            ? .engine(
                namespace: socket.namespace, hasOffset: isKept && socket.isRecoverable, isQuestion: isQuestion
            ) : .plain
        return packet(as: form)
    }

    mutating func packet(as form: Form) -> OutgoingPacket {
        if let found = made.first(where: { $0.form == form }) { return found.packet }
        let packet = encode(form)
        made.append((form, packet))
        return packet
    }

    private func encode(_ form: Form) -> OutgoingPacket {
        switch form {
        case .engine(let namespace, let hasOffset, let isQuestion):
            var arguments = emit.arguments
            if hasOffset { arguments.append("\"\(number)\"") }
            return OutgoingPacket(
                SocketIOPacket.event(
                    emit.event, json: arguments, namespace: namespace,
                    id: isQuestion ? Int(clamping: number) : nil))
        case .plain:
            guard emit.event == "message" else {
                return OutgoingPacket(
                    plain: #"{"event":\#(JSONScanner.quoted(emit.event)),"data":\#(emit.json)}"#)
            }
            return OutgoingPacket(plain: emit.json, form: emit.form)
        }
    }
}

extension Emit {
    /// The raw JSON of each argument, or of all of them in one with commas between.
    fileprivate var arguments: [String] { SocketIOPacket.arguments(json, areList: form == .arguments) }
}
