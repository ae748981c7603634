/// How a text stands for what goes over a socket: nearly always as the one JSON value that it is.
public enum DataForm: String, Sendable, Equatable, CaseIterable {
    /// One JSON value.
    case value
    /// A JSON array of the arguments of a Socket.IO event or acknowledgement: none, or several.
    case arguments
    /// Bare text: a message of a plain WebSocket, which need be no JSON.
    case text
}
