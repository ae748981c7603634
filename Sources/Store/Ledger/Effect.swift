/// What a host must do to its sockets because of a commit: a row of the outbox.
public struct Effect: Sendable, Equatable {
    /// Its place in the store's one order.
    public let number: Int64
    /// What to do.
    public let kind: Kind

    /// What to do to the sockets.
    public enum Kind: Sendable, Equatable {
        /// Send an event.
        case emit(Emit)
        /// Let connections into a room; a subject's only where they are of the room's namespace (`RoomName`).
        case join(room: String, UnitOfWork.Connections)
        /// Take connections out of a room; a subject's only where they are of the room's namespace.
        case leave(room: String, UnitOfWork.Connections)
        /// A connection that was recorded before is on `host` now, and in `rooms`, sorted. Any socket that another place
        /// has of it is no longer it.
        case resumed(connection: String, host: String, rooms: [String])
        /// Close sockets; they are forgotten already and cannot be resumed.
        case close(UnitOfWork.Connections, reason: String)
        /// A session was ended: its sockets must be told, and closed.
        case sessionEnded(session: String)
    }

    /// An effect and its place.
    public init(number: Int64, kind: Kind) {
        self.number = number
        self.kind = kind
    }
}
