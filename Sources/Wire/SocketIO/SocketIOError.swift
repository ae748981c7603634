/// Why a text is not a Socket.IO packet; the receiver closes the connection, but for what `isOfThePacket` says.
public enum SocketIOError: Error, Equatable {
    /// Nothing at all.
    case empty
    /// The first character is not a packet type of version 5.
    case unknownType
    /// The count of attachments of a binary packet is missing or no number.
    case invalidAttachments
    /// More attachments than the limit.
    case tooManyAttachments
    /// The namespace is longer than the limit.
    case namespaceTooLong
    /// An id that is too long, missing from an acknowledgement, or stands where none belongs.
    case invalidID
    /// The payload is not what the type asks for.
    case invalidPayload
    /// The event has a name that the libraries keep for themselves.
    case reservedEvent
    /// A placeholder that names no attachment or one that another names too, an attachment that none names, or
    /// an object that is nearly a placeholder.
    case invalidPlaceholder
    /// A packet came while attachments of another one are due.
    case attachmentsDue
    /// An attachment came while none is due.
    case unexpectedAttachment
    /// The attachments of a packet are longer than the limit.
    case attachmentsTooLong
    /// The payload is JSON, but nested deeper than `JSONScanner.depthLimit`.
    case tooDeep
    /// The event's name is longer than the limit.
    case nameTooLong
    /// The event or acknowledgement has more arguments than the limit.
    case tooManyArguments

    /// Whether the packet could be told from those around it, so that it alone is refused and the connection goes on.
    public var isOfThePacket: Bool {
        switch self {
        case .tooDeep, .nameTooLong, .tooManyArguments: true
        default: false
        }
    }
}

/// How much of everything one Socket.IO packet may bring.
public struct SocketIOLimits: Sendable, Equatable {
    /// The binary attachments that follow a packet.
    public var attachments: Int
    /// All attachments of a packet together, in octets.
    public var attachmentBytes: Int
    /// The decimal digits of an acknowledgement's id; at most 18, so that every id is an Int.
    public var idDigits: Int
    /// A namespace with its query, in octets.
    public var namespaceBytes: Int

    /// An event's name, in octets. Looked at before anything is compared with it.
    public var eventNameBytes: Int
    /// The arguments of an event or an acknowledgement. What is beyond them is not looked at.
    public var arguments: Int
    /// The payload of a connect, in octets; for who reads it, before its members are looked at.
    public var connectBytes: Int

    /// Limits that differ from the standard ones where named.
    public init(
        attachments: Int = 10, attachmentBytes: Int = 4 * 1024 * 1024, idDigits: Int = 10,
        namespaceBytes: Int = 256, eventNameBytes: Int = 256, arguments: Int = 64,
        connectBytes: Int = 64 * 1024
    ) {
        self.attachments = attachments
        self.attachmentBytes = attachmentBytes
        self.idDigits = min(idDigits, 18)
        self.namespaceBytes = namespaceBytes
        self.eventNameBytes = eventNameBytes
        self.arguments = arguments
        self.connectBytes = connectBytes
    }

    /// What a host uses unless it knows better.
    public static let standard = SocketIOLimits()
}
