internal import Base

/// One packet of the Socket.IO protocol, version 5, with its payload as raw JSON.
/// https://socket.io/docs/v4/socket-io-protocol/
///
/// `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`, where the namespace `/` is left out. The binary
/// attachments follow as binary messages of their own.
public struct SocketIOPacket: Sendable, Equatable {
    /// The packet types; the raw value is the digit on the wire.
    public enum Kind: UInt8, Sendable, Equatable {
        /// Asks for a namespace, and grants it.
        case connect = 0
        /// Leaves a namespace.
        case disconnect = 1
        /// A name and its arguments.
        case event = 2
        /// The answer to an event that has an id.
        case ack = 3
        /// Refuses a namespace.
        case connectError = 4
        /// An event whose payload has placeholders for attachments.
        case binaryEvent = 5
        /// An acknowledgement whose payload has placeholders for attachments.
        case binaryAck = 6

        /// Whether attachments are counted in the packet.
        public var isBinary: Bool { self == .binaryEvent || self == .binaryAck }
    }

    /// The type.
    public var kind: Kind
    /// The namespace without its query; `/` is the main one.
    public var namespace: String
    /// The raw query behind the namespace's `?`, which old clients send with a connect; nil without a `?`.
    public var query: String?
    /// Asks for, or names, an acknowledgement.
    public var id: Int?
    /// How many binary messages follow.
    public var attachments: Int
    /// The payload: an object to connect, an array for events and acknowledgements; nil where there is none.
    public var json: String?

    /// A packet of these parts.
    public init(
        kind: Kind, namespace: String = "/", query: String? = nil, id: Int? = nil, attachments: Int = 0,
        json: String? = nil
    ) {
        self.kind = kind
        self.namespace = namespace
        self.query = query
        self.id = id
        self.attachments = attachments
        self.json = json
    }

    /// Reads a packet. Of the payload only the first character is looked at here; `event()` and
    /// `arguments()` judge its structure.
    public init(
        decoding text: some StringProtocol, limits: SocketIOLimits = .standard
    ) throws(SocketIOError) {
        var rest = Substring(text)
        guard let type = rest.utf8.popFirst() else { throw .empty }
        guard type >= ASCII.zero, let kind = Kind(rawValue: type - ASCII.zero) else { throw .unknownType }
        self.init(kind: kind)
        if kind.isBinary { attachments = try Self.takeAttachments(&rest, limits) }
        try takeNamespace(&rest, limits)
        id = try Self.takeID(&rest, limits)
        json = rest.isEmpty ? nil : String(rest)
        try checkParts()
    }

    /// The packet as text.
    public func encoded() -> String {
        var text = String(kind.rawValue)
        if kind.isBinary { text += "\(attachments)-" }
        if namespace != "/" || query != nil {
            text += namespace
            if let query { text += "?" + query }
            text += ","
        }
        if let id { text += String(id) }
        if let json { text += json }
        return text
    }

    private static func takeAttachments(
        _ rest: inout Substring, _ limits: SocketIOLimits
    ) throws(SocketIOError) -> Int {
        let digits = rest.utf8.prefix(while: ASCII.isDigit)
        guard !digits.isEmpty, digits.endIndex < rest.endIndex, rest.utf8[digits.endIndex] == ASCII.minus
        else { throw .invalidAttachments }
        guard digits.count <= 6, let count = Int(Substring(digits)), count <= limits.attachments else {
            throw .tooManyAttachments
        }
        rest = Substring(rest.utf8[digits.endIndex...].dropFirst())
        return count
    }

    /// A namespace goes up to a comma, or to the end where nothing follows it.
    private mutating func takeNamespace(
        _ rest: inout Substring, _ limits: SocketIOLimits
    ) throws(SocketIOError) {
        guard rest.utf8.first == ASCII.slash else { return }
        let name = rest.utf8.prefix { $0 != ASCII.comma }
        guard name.count <= limits.namespaceBytes else { throw .namespaceTooLong }
        if let mark = name.firstIndex(of: ASCII.questionMark) {
            namespace = String(Substring(name[..<mark]))
            query = String(Substring(name[mark...].dropFirst()))
        } else {
            namespace = String(Substring(name))
        }
        rest = Substring(rest.utf8[name.endIndex...].dropFirst())
    }

    private static func takeID(
        _ rest: inout Substring, _ limits: SocketIOLimits
    ) throws(SocketIOError) -> Int? {
        let digits = rest.utf8.prefix(while: ASCII.isDigit)
        guard !digits.isEmpty else { return nil }
        guard digits.count <= limits.idDigits, let id = Int(Substring(digits)) else { throw .invalidID }
        rest = Substring(rest.utf8[digits.endIndex...])
        return id
    }

    private func checkParts() throws(SocketIOError) {
        let first = json?.utf8.first { !JSONScanner.isSpace($0) }
        switch kind {
        case .connect, .connectError, .disconnect:
            guard id == nil else { throw .invalidID }
        case .event, .binaryEvent: break
        case .ack, .binaryAck:
            guard id != nil else { throw .invalidID }
        }
        let isExpected =
            switch kind {
            case .connect: json == nil || first == ASCII.leftBrace
            case .disconnect: json == nil
            case .connectError: first == ASCII.leftBrace || first == ASCII.quote
            case .event, .ack, .binaryEvent, .binaryAck: first == ASCII.leftBracket
            }
        guard isExpected else { throw .invalidPayload }
    }
}
