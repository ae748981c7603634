/// How much of everything a replay against a host takes.
struct AgainstLimits: Sendable {
    /// Clients at once; more wait until one has ended.
    var clients = 1_000
    /// For a TCP connection.
    var connectTime: Duration = .seconds(5)
    /// For an answer, and for the handshakes of a socket.
    var answerTime: Duration = .seconds(30)
    /// Bytes of a response's head.
    var headBytes = 64 << 10
    /// Bytes of an answer, or of a message on a socket.
    var answerBytes = 16 << 20
    /// Ids of the recording that the host's own are known for.
    var identities = 1 << 20
    /// Differences that are kept of one answer.
    var differences = 50
    /// Connections that fail one after the other before a client gives up.
    var failedConnections = 3
    /// Bytes that are sent in place of data that the recording has only the size of.
    static let fillerBytes = 32 << 20

    static let standard = AgainstLimits()
}
