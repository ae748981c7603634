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
}

/// How much of everything one Socket.IO packet may bring.
public struct SocketIOLimits: Sendable, Equatable {
    /// The binary attachments that follow a packet.
    public var attachments: Int
    /// The decimal digits of an acknowledgement's id; at most 18, so that every id is an Int.
    public var idDigits: Int
    /// A namespace with its query, in octets.
    public var namespaceBytes: Int

    /// Limits that differ from the standard ones where named.
    public init(attachments: Int = 10, idDigits: Int = 10, namespaceBytes: Int = 256) {
        self.attachments = attachments
        self.idDigits = min(idDigits, 18)
        self.namespaceBytes = namespaceBytes
    }

    /// What a host uses unless it knows better.
    public static let standard = SocketIOLimits()
}
