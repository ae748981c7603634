public import Game
public import Functions

/// The socket event `$connect`: records a player's socket, new or come back, and lets it into their rooms.
///
/// The runtime has checked the token before; a problem becomes the client's `connect_error`.
public struct SocketConnect: Function {
    private let world: World

    /// Players stand somewhere in `world`.
    public init(world: World) { self.world = world }

    public func handle(_ input: Nothing, in context: Context) async throws -> Nothing {
        guard case .socket = context.trigger else {
            throw Problem(.malformed, "Only a socket can connect.")
        }
        let player = try await Player.ofCaller(in: context, world: world)
        try context.openConnection()
        try context.join(Room.player(player.id))
        try context.join(Room.location(player.location))
        context.log.message("Socket connected")
        context.log.set("location", player.location)
        return Nothing()
    }
}
