/// Why a text is not a Socket.IO packet; the receiver closes the connection.
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

    /// Limits that differ from the standard ones where named.
    public init(
        attachments: Int = 10, attachmentBytes: Int = 4 * 1024 * 1024, idDigits: Int = 10,
        namespaceBytes: Int = 256
    ) {
        self.attachments = attachments
        self.attachmentBytes = attachmentBytes
        self.idDigits = min(idDigits, 18)
        self.namespaceBytes = namespaceBytes
    }

    /// What a host uses unless it knows better.
    public static let standard = SocketIOLimits()
}
