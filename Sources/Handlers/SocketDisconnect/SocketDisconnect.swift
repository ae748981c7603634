public import Runtime

/// The socket event `$disconnect`: forgets a socket and its rooms.
public struct SocketDisconnect: Function {
    /// A function without state.
    public init() {}

    public func handle(_ input: Nothing, in context: Context) async throws -> Nothing {
        context.closeConnection()
        context.log.message("Socket disconnected")
        return Nothing()
    }
}
