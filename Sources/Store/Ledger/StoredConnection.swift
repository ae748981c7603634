public import Base

/// A connection as the store knows it.
public struct StoredConnection: Sendable, Equatable {
    /// Its id.
    public let id: String
    /// The host that has its socket, or had it last.
    public let host: String
    /// Whose it is.
    public let subject: String
    /// The session that it was opened with, or resumed with last.
    public let session: String?
    /// The Socket.IO namespace; `/` for a plain WebSocket.
    public let namespace: String
    /// The number in the store's order at which it connected first: nothing before it was for this connection.
    public let since: Int64
    /// When its socket was lost; nil while a host has it.
    public let lostAt: Timestamp?

    /// From its parts.
    public init(
        id: String, host: String, subject: String, session: String?, namespace: String, since: Int64,
        lostAt: Timestamp?
    ) {
        self.id = id
        self.host = host
        self.subject = subject
        self.session = session
        self.namespace = namespace
        self.since = since
        self.lostAt = lostAt
    }
}

/// Part of what was emitted to a connection.
public struct Missed: Sendable, Equatable {
    /// Emits that were not volatile, and for this connection at their place in the order; oldest first.
    public let effects: [Effect]
    /// How far the outbox was looked through: the number to go on after.
    public let through: Int64
    /// Whether something may be missing here: effects behind the number that was asked for have been dropped, or the store
    /// has not got so far, and the number is another's.
    public let hasGap: Bool

    /// What was found up to a number.
    public init(effects: [Effect], through: Int64, hasGap: Bool = false) {
        self.effects = effects
        self.through = through
        self.hasGap = hasGap
    }
}
