import Game
import Runtime
import TestSupport
import Testing

/// One line an invocation, with the production guide's fields.
@Suite struct HandlerLogTests {
    @Test func anAction_leavesTheGuidesFields() async throws {
        let runtime = try TestRuntime.game()
        _ = try await runtime.act(#"{"type":"move","location_id":"market"}"#)
        let line = runtime.lines.last
        #expect(runtime.lines.all.count == 1)
        #expect(line["message"] == "Player action processed")
        #expect(line["level"] == "info")
        #expect(line["player_id"] == "player_1")
        #expect(line["action_type"] == "move")
        #expect(line["location"] == "market")
        #expect(line["success"] == .bool(true))
        guard case .number = line["duration"] else {
            // A clock that stands still makes a whole number of it.
            #expect(line["duration"] == .integer(0))
            return
        }
    }

    @Test func aRefusedAction_saysSo() async throws {
        let runtime = try TestRuntime.game()
        _ = try await runtime.act(#"{"type":"move","location_id":"shrine"}"#)
        let line = runtime.lines.last
        #expect(line["success"] == .bool(false))
        #expect(line["status"] == .integer(409))
        #expect(line["problem"] == "conflict")
        #expect(line["player_id"] == "player_1")
        #expect(line["action_type"] == "move")
        #expect(line["location"] == "tavern")
    }

    @Test func everyFunction_hasItsOwnMessage() async throws {
        let runtime = try TestRuntime.game()
        let socket = Event.Source.socket(event: "$connect", connection: "socket_1", host: "host_1")
        _ = try await runtime.invoke(runtime.event("{}", as: nil), "guest-session")
        _ = try await runtime.tell([try await runtime.action(#"{"type":"look"}"#)])
        _ = try await runtime.invoke(runtime.event("{}", trigger: socket), "socket-connect")
        _ = try await runtime.invoke(runtime.event("{}", trigger: socket), "socket-disconnect")
        _ = try await runtime.invoke(
            runtime.event(#"{"room":"r","event":"e"}"#, roles: ["ops"]), "broadcast")
        let messages = [
            "Guest session opened", "Player action processed", "Story generated", "Socket connected",
            "Socket disconnected", "Broadcast accepted",
        ]
        #expect(runtime.lines.all.count == messages.count)
        for (line, message) in zip(runtime.lines.all, messages) { #expect(line.contains(#""\#(message)""#)) }
        #expect(
            runtime.lines.all.dropFirst(2).first?.contains(#""actions":1,"model":"built-in-narrator""#)
                == true)
    }

    @Test func aGuestSession_namesThePlayerItMade() async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await runtime.invoke(runtime.event("{}", as: nil), "guest-session")
        #expect(runtime.lines.last["player_id"] == .string(outcome.text("player_id")))
    }

    @Test func noLine_hasThePlayersText_orAToken() async throws {
        let secret = "zanzibar"
        let runtime = try TestRuntime.game(
            model: RecordingModel([secret]), environment: ["DEBUG": "true", "LOG_LEVEL": "debug"])
        let guest = try await runtime.invoke(
            runtime.event(#"{"name":"\#(secret)"}"#, as: nil), "guest-session")
        let id = try await runtime.action(#"{"type":"say","text":"\#(secret)"}"#)
        _ = try await runtime.action(#"{"type":"\#(secret)","text":"\#(secret)"}"#)
        _ = try await runtime.action(#"{"type":"move","location_id":"\#(secret)"}"#)
        _ = try await runtime.act(#"{"text":"\#(secret)""#)
        _ = try await runtime.tell([id])
        var event = runtime.event(#"{"type":"say","text":"\#(secret)"}"#)
        event.credential = .token(secret)
        _ = try await runtime.invoke(event, "player-action")
        _ = try await runtime.invoke(
            runtime.event(#"{"room":"r","event":"e","data":"\#(secret)"}"#, roles: ["ops"]), "broadcast")
        // At its beginning and at its end.
        #expect(runtime.lines.all.count == 16)
        for line in runtime.lines.all {
            #expect(!line.contains(secret))
            #expect(!line.contains(guest.text("token")))
        }
    }
}
