import Runtime

extension Context {
    /// The socket that triggered this invocation, if one did. It is also the name of a room with just this socket.
    var connectionID: String? {
        guard case .socket(_, let connection, _) = trigger else { return nil }
        return connection
    }
}
