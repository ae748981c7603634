internal import Base
public import Game
public import Functions

/// `POST /api/session`: lets somebody play without an account, where the manifest allows guests.
public struct GuestSession: Function {
    /// `{"name":"traveller","locale":"ja"}`, both optional.
    public struct Input: Decodable, Sendable {
        let name: String?
        let locale: String?
    }

    /// The token and what it stands for; `expires_at` is RFC 3339.
    public struct Output: Encodable, Sendable {
        let token: String
        let playerID: String
        let sessionID: String
        let locationID: String
        let expiresAt: String

        private enum CodingKeys: String, CodingKey {
            case token
            case playerID = "player_id"
            case sessionID = "session_id"
            case locationID = "location_id"
            case expiresAt = "expires_at"
        }
    }

    /// How long a guest can play.
    static let lifetime: Duration = .seconds(24 * 3_600)

    public static let successStatus = 201
    private let world: World

    /// Guests arrive at the world's start.
    public init(world: World) { self.world = world }

    public func handle(_ input: Input, in context: Context) async throws -> Output {
        guard context.allowsGuests else { throw Problem(.forbidden, "Guests are not allowed here.") }
        let language = Language(matching: input.locale)
        let name = PlayerName.sanitise(input.name ?? "")
        let player = Player(
            id: try context.secretIdentifier("player"),
            name: !name.isEmpty ? name : language == .ja ? "旅人" : "traveller",
            language: language, location: world.start)
        try context.save(player)
        if let origin = context.addressMark {
            try context.save(TokenBudget(id: player.id, origin: origin))
        }
        let session = try context.openSession(for: player.id, lifetime: Self.lifetime)
        context.log.message("Guest session opened")
        context.log.set(CallerWord.field, player.id)
        context.log.set("location", player.location)
        return Output(
            token: session.token, playerID: player.id, sessionID: session.sessionID,
            locationID: player.location,
            expiresAt: session.expiresAt.rfc3339)
    }
}
