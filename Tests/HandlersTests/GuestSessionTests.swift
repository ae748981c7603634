import Base
import FoundationEssentials
import Game
import Ledger
import Runtime
import Testing
import TestSupport

@Suite struct GuestSessionTests {
    private let trigger = Event.Source.http(method: "POST", path: "/api/session")

    private func session(_ data: String, _ runtime: TestRuntime, address: String? = nil) async throws
        -> Outcome
    {
        var event = runtime.event(data, as: nil, trigger: trigger)
        event.address = address
        return try await runtime.invoke(event, "guest-session")
    }

    @Test func aGuest_getsASession_andATokenThatCanAct() async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await session(#"{"name":"Ayu","locale":"ja"}"#, runtime)
        #expect(outcome.status == 201)
        #expect(
            Set(outcome.object.keys) == ["token", "player_id", "session_id", "location_id", "expires_at"])
        #expect(outcome.text("location_id") == "tavern")
        #expect(
            outcome.text("expires_at") == "2026-01-02T00:00:00.000Z"
                || outcome.text("expires_at") == "2026-01-02T00:00:00Z")
        let playerID = outcome.text("player_id")
        #expect(playerID.hasPrefix("player_"))
        #expect(
            try await runtime.player(playerID)
                == Player(id: playerID, name: "Ayu", language: .ja, location: "tavern"))

        let claims = try runtime.tokens.verify(outcome.text("token"), now: runtime.now)
        #expect(claims.subject == playerID)
        #expect(claims.session == outcome.text("session_id"))
        #expect(claims.roles == [])
        var event = runtime.event(#"{"type":"look"}"#)
        event.credential = .token(outcome.text("token"))
        #expect(try await runtime.invoke(event, "player-action").status == 202)

        runtime.advance(by: .seconds(24 * 3_600))
        event.time = runtime.now
        #expect(try await runtime.invoke(event, "player-action").status == 401)
    }

    /// What is kept says from where a guest came, and not where that is.
    @Test func aGuestsBudget_isThatOfWhereTheyCameFrom() async throws {
        let runtime = try TestRuntime.game()
        func origin(_ address: String?) async throws -> String? {
            let playerID = try await session("{}", runtime, address: address).text("player_id")
            guard let record = try await runtime.state.record(kind: TokenBudget.kind, id: playerID) else {
                return nil
            }
            #expect(!record.body.contains("2001"))
            return try JSONDecoder().decode(TokenBudget.self, from: Data(record.body.utf8)).origin
        }
        let first = try #require(try await origin("2001:db8::1"))
        #expect(try await origin("2001:db8::2") == first)
        #expect(try await origin("2001:db8:0:1::1") != first)
        #expect(try await origin(nil) == nil)
    }

    @Test(arguments: [
        (#"{}"#, "traveller", Language.en), ("", "traveller", .en), (#"{"locale":"ja-JP"}"#, "旅人", .ja),
        (#"{"locale":"fr"}"#, "traveller", .en), (#"{"name":null,"locale":null}"#, "traveller", .en),
        (#"{"name":"  \u200b ","locale":"ja"}"#, "旅人", .ja), (#"{"name":" A \n\t b "}"#, "A b", .en),
        (#"{"name":"\u0023##<|Rin|>"}"#, "Rin", .en), (#"{"name":"\u202eRin\u0000"}"#, "Rin", .en),
    ])
    func nameAndLocale_areCleaned(_ data: String, _ name: String, _ language: Language) async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await session(data, runtime)
        #expect(outcome.status == 201)
        let player = try #require(try await runtime.player(outcome.text("player_id")))
        #expect(player.name == name)
        #expect(player.language == language)
    }

    @Test func aLongName_isCutToFortyScalars() async throws {
        let runtime = try TestRuntime.game()
        let name = String(repeating: "x", count: 100)
        let outcome = try await session(#"{"name":"\#(name)"}"#, runtime)
        #expect(try await runtime.player(outcome.text("player_id"))?.name.count == 40)
    }

    @Test func whereGuestsAreNotAllowed_nothingIsMade() async throws {
        let runtime = try TestRuntime.game(guests: false)
        let outcome = try await session("{}", runtime)
        #expect(outcome.status == 403)
        #expect(outcome.unit == UnitOfWork())
    }

    @Test func aWrongType_namesTheField() async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await session(#"{"name":7}"#, runtime)
        #expect(outcome.status == 422)
        #expect(outcome.problem?.errors == [InvalidInput("/name", "must be a string")])
    }

    @Test func theEleventhInAMinute_fromOneAddress_isRefused() async throws {
        let runtime = try TestRuntime.game()
        for _ in 0..<10 { #expect(try await session("{}", runtime, address: "192.0.2.1").status == 201) }
        #expect(try await session("{}", runtime, address: "192.0.2.1").status == 429)
        #expect(try await session("{}", runtime, address: "192.0.2.2").status == 201)
        runtime.advance(by: .seconds(61))
        #expect(try await session("{}", runtime, address: "192.0.2.1").status == 201)
    }
}
