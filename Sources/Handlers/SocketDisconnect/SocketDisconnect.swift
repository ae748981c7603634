public import Functions

/// The socket event `$disconnect`: forgets a socket and its rooms, or keeps them for as long as it may come back.
public struct SocketDisconnect: Function {
    /// `{"reason":"transport close","recoverable":true}`. Without `recoverable` the socket is forgotten.
    public struct Input: Decodable, Sendable {
        let reason: String?
        let recoverable: Bool?
    }

    /// A function without state.
    public init() {}

    public func handle(_ input: Input, in context: Context) async throws -> Nothing {
        if input.recoverable == true {
            context.suspendConnection()
        } else {
            context.closeConnection()
        }
        context.log.message("Socket disconnected")
        if let reason = input.reason { context.log.set("reason", reason) }
        return Nothing()
    }
}
