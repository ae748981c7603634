/// The full name of a socket event: where it is (a namespace of Socket.IO, or the path of a plain WebSocket) and
/// its name there.
///
/// Written `chat` in the main namespace `/`, and `/lobby#chat` or `/ws#$connect` elsewhere. A namespace
/// never equals the path of a WebSocket, and neither has a `#`, so no two events share a full name.
public struct EventName: Sendable, Hashable, CustomStringConvertible {
    /// The namespace (`/`, `/lobby`) or the path of a plain WebSocket (`/ws`).
    public let place: String
    /// The name without the place: `chat`, `*`, `$connect`, `$ack:trade`.
    public let event: String

    /// The main namespace of Socket.IO.
    public static let mainNamespace = "/"

    /// Takes a full name apart. Text that starts with `/` and has no `#` is an event of the main namespace.
    public init(_ fullName: String) {
        if fullName.hasPrefix("/"), let hash = fullName.firstIndex(of: "#"),
            hash != fullName.index(after: fullName.startIndex)
        {
            place = String(fullName[..<hash])
            event = String(fullName[fullName.index(after: hash)...])
        } else {
            place = Self.mainNamespace
            event = fullName
        }
    }

    /// The event of a namespace or path, as the manifest or the host names it.
    public init(at place: String, _ event: String) {
        self.place = place
        self.event = event
    }

    /// The full name of an event that a client sent; nil for an event of the main namespace whose name starts with
    /// `/`, because it could be taken for that of another namespace. No function has such an event.
    ///
    /// - Parameters:
    ///   - event: The name as the client sent it.
    ///   - place: The namespace or path that it was sent to.
    public init?(_ event: String, in place: String) {
        if place == Self.mainNamespace, event.hasPrefix("/") { return nil }
        self.place = place
        self.event = event
    }

    /// The full name.
    public var description: String { place == Self.mainNamespace ? event : "\(place)#\(event)" }
}
