import Ledger
import Base
import Game
import Runtime
import Testing
import TestSupport

@Suite struct StoryGenerationTests {
    @Test func thePassage_isAnswered_journaled_andSentToThePlayer() async throws {
        let runtime = try TestRuntime.game()
        let actionID = try await runtime.action(#"{"type":"look"}"#)
        let outcome = try await runtime.tell([actionID])
        #expect(outcome.status == 200)
        let object = outcome.object
        #expect(object["action_id"] == .string(actionID))
        #expect(object["action_ids"] == .array([.string(actionID)]))
        #expect(object["location_id"] == "tavern")
        #expect(object["model"] == "built-in-narrator")
        #expect(!outcome.text("story").isEmpty)
        guard case .array(let choices) = object["choices"] else {
            Issue.record("no choices in \(outcome.json)")
            return
        }
        #expect(choices.count == 3)
        for choice in choices {
            guard case .object(let members) = choice else {
                Issue.record("no choice: \(choice)")
                continue
            }
            #expect(Set(members.keys) == ["label", "summary"])
        }

        let entry = try #require(try await runtime.journal("player_1").last)
        #expect(entry.kind == "story")
        #expect(try entry.decode(StoryEntry.self).actionIDs == [actionID])
        let emit = try #require(outcome.emits.first)
        #expect(outcome.emits.count == 1)
        #expect(emit.event == "story_response")
        #expect(emit.rooms == ["player:player_1"])
        #expect(emit.except == [])
        #expect(emit.object == object)
    }

    @Test func overHTTP_oneActionIsEnough() async throws {
        let runtime = try TestRuntime.game()
        let actionID = try await runtime.action(#"{"type":"look"}"#)
        let http = Event.Source.http(method: "POST", path: "/api/story/generate")
        let event = runtime.event(#"{"action_id":"\#(actionID)"}"#, trigger: http)
        #expect(try await runtime.invoke(event, "story-generation").status == 200)
    }

    @Test func severalActions_areAnsweredInOnePassage() async throws {
        let model = RecordingModel()
        let runtime = try TestRuntime.game(model: model)
        var ids: [String] = []
        for data in [
            #"{"type":"look"}"#, #"{"type":"say","text":"Hello"}"#,
            #"{"type":"move","location_id":"market"}"#,
        ] { ids.append(try await runtime.action(data)) }
        let outcome = try await runtime.tell(ids)
        #expect(outcome.status == 200)
        #expect(outcome.text("action_id") == ids.last)
        #expect(outcome.object["action_ids"] == .array(ids.map { .string($0) }))
        #expect(outcome.text("location_id") == "market")
        let prompt = try #require(model.prompts.first)
        #expect(model.prompts.count == 1)
        #expect(prompt.actions.map(\.id) == ids)
        #expect(prompt.actions.map(\.type) == [.look, .say, .move])
        #expect(prompt.actions.map(\.text) == ["", "Hello", ""])
        #expect(prompt.location.id == "market")
    }

    @Test func theModel_getsThePlayersNameAndLanguage_andTheLastThreePassages() async throws {
        let model = RecordingModel()
        let runtime = try TestRuntime.game(model: model)
        try await runtime.keep(Player(id: "player_1", name: "Ayu", language: .ja, location: "shrine"))
        for _ in 0..<5 { _ = try await runtime.tell([try await runtime.action(#"{"type":"look"}"#)]) }
        #expect(model.prompts.map(\.playerName) == Array(repeating: "Ayu", count: 5))
        #expect(Set(model.prompts.map(\.language)) == [.ja])
        #expect(Set(model.prompts.map(\.location.id)) == ["shrine"])
        let told = (0...4).map { "Passage \($0)" }
        #expect(
            model.prompts.map(\.recent) == [
                [], [told[1]], [told[1], told[2]], Array(told[1...3]), Array(told[2...4]),
            ])
    }

    @Test func anotherPlayersPassages_areNotSeen() async throws {
        let model = RecordingModel()
        let runtime = try TestRuntime.game(model: model)
        let theirs = try await runtime.action(#"{"type":"look"}"#, as: "player_2")
        _ = try await runtime.tell([theirs], as: "player_2")
        _ = try await runtime.tell([try await runtime.action(#"{"type":"look"}"#)])
        #expect(model.prompts.last?.recent == [])
    }

    @Test func theNarrator_tellsInThePlayersLanguage() async throws {
        let runtime = try TestRuntime.game()
        try await runtime.keep(Player(id: "player_1", name: "旅人", language: .ja, location: "tavern"))
        try await runtime.keep(Player(id: "player_2", name: "traveller", language: .en, location: "tavern"))
        for (player, isJapanese) in [("player_1", true), ("player_2", false)] {
            let id = try await runtime.action(#"{"type":"look"}"#, as: player)
            let story = try await runtime.tell([id], as: player).text("story")
            #expect(!story.isEmpty)
            #expect(story.unicodeScalars.contains { ("\u{3040}"..."\u{30ff}").contains($0) } == isJapanese)
        }
    }

    // MARK: What cannot be told

    @Test func anotherPlayersAction_andWhatIsNoAction_areNotFound() async throws {
        let runtime = try TestRuntime.game()
        let theirs = try await runtime.action(#"{"type":"look"}"#, as: "player_2")
        let mine = try await runtime.action(#"{"type":"look"}"#)
        _ = try await runtime.tell([mine])
        let story = try #require(try await runtime.journal("player_1").last)
        let count = try await runtime.journal("player_1").count
        for ids in [[theirs], [mine, theirs], [story.id], ["action_unknown"], [""]] {
            let outcome = try await runtime.tell(ids)
            #expect(outcome.status == 404)
            #expect(outcome.unit.writes.isEmpty)
        }
        #expect(try await runtime.journal("player_1").count == count)
        #expect(try await runtime.journal("player_2").count == 1)
    }

    @Test(arguments: [
        ("{}", "/action_id"), (#"{"action_id":7}"#, "/action_id"), (#"{"action_id":null}"#, "/action_id"),
        ("[]", ""), (#"[{"action_id":"a"},{}]"#, "/1/action_id"),
    ])
    func aFieldThatIsWrong_isNamed(_ data: String, _ pointer: String) async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await runtime.invoke(runtime.event(data), "story-generation")
        #expect(outcome.status == 422)
        #expect(outcome.problem?.errors.map(\.pointer) == [pointer])
    }

    @Test func moreActionsThanABatchMayHave_areRefused() async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await runtime.tell(Array(repeating: "a", count: 257))
        #expect(outcome.status == 422)
    }

    @Test(arguments: [
        RecordingModel(["no JSON"]), RecordingModel([]), RecordingModel(RecordingModel.passage(choices: 2)),
        RecordingModel(RecordingModel.passage(choices: 4)), RecordingModel(fails: true),
        RecordingModel([#"{"story":" ","choices":[]}"#]),
        RecordingModel(Array(repeating: "x", count: 100_000)),
    ])
    func aModelThatFailsOrGarbles_writesNothing(_ model: RecordingModel) async throws {
        let runtime = try TestRuntime.game(model: model)
        let actionID = try await runtime.action(#"{"type":"look"}"#)
        let outcome = try await runtime.tell([actionID])
        #expect(outcome.status == 500)
        #expect(outcome.unit.writes.isEmpty)
        #expect(try await runtime.journal("player_1").map(\.id) == [actionID])
    }

    @Test func the11thInAMinute_isRefused_overHTTPAndJobsTogether() async throws {
        let runtime = try TestRuntime.game()
        let actionID = try await runtime.action(#"{"type":"look"}"#)
        for number in 0..<10 {
            let outcome =
                number.isMultiple(of: 2)
                ? try await runtime.tell([actionID])
                : try await runtime.invoke(
                    runtime.event(#"{"action_id":"\#(actionID)"}"#), "story-generation")
            #expect(outcome.status == 200)
        }
        let refused = try await runtime.tell([actionID])
        #expect(refused.status == 429)
        #expect(refused.rate?.resetAfter == .seconds(60))
    }
}
