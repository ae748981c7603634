public import Functions

/// A player as the shared state keeps one.
public struct Player: StoredRecord, Equatable {
    public static let kind = "player"

    /// The player's id, the `sub` of their tokens.
    public let id: String
    /// What others see.
    public var name: String
    /// The language their story is told in.
    public var language: Language
    /// The id of the location they are at.
    public var location: String

    /// A player somewhere in the world.
    public init(id: String, name: String, language: Language, location: String) {
        self.id = id
        self.name = name
        self.language = language
        self.location = location
    }

    /// The caller's player. One whom nobody has saved yet (a token made by hand) stands at the world's start, and so
    /// does one whose location the world no longer has: nobody is ever stuck.
    public static func ofCaller(in context: Context, world: World) async throws -> Player {
        let id = try context.playerID
        guard var player = try await context.read(Player.self, id) else {
            return Player(id: id, name: id, language: .en, location: world.start)
        }
        if world.location(player.location) == nil { player.location = world.start }
        return player
    }

    /// The journal's stream of what the player did and was told.
    public static func stream(_ id: String) -> String { "player:" + id }
}

/// The rooms that sockets are grouped by.
public enum Room {
    /// Everyone at a location.
    public static func location(_ id: String) -> String { "location:" + id }

    /// All sockets of one player.
    public static func player(_ id: String) -> String { "player:" + id }
}
