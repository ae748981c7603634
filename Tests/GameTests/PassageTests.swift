import Testing

@testable import Game

@Suite struct PassageTests {
    private static let choice = #"{"label": "a", "summary": "b"}"#

    private func json(story: String = "s", choices: [String] = Array(repeating: choice, count: 3)) -> String {
        #"{"story": "\#(story)", "choices": [\#(choices.joined(separator: ","))], "mood": "calm"}"#
    }

    @Test func answer_isParsed_andUnknownMembersAreIgnored() throws {
        let passage = try Passage(parsing: json(story: #"one\ntwo"#))
        #expect(passage.story == "one\ntwo")
        #expect(passage.choices == Array(repeating: Choice(label: "a", summary: "b"), count: 3))
    }

    @Test func limits_areInclusive() throws {
        let choice = #"{"label": "\#(text(80))", "summary": "\#(text(300))"}"#
        _ = try Passage(parsing: json(story: text(8000), choices: Array(repeating: choice, count: 3)))
    }

    @Test func badAnswer_isRefused() {
        refuses("", .malformed(path: ""))
        refuses("nonsense", .malformed(path: ""))
        refuses(#"{"story": "s""#, .malformed(path: ""))
        refuses(json() + "x", .malformed(path: ""))
        refuses("[]", .malformed(path: ""))
        refuses(#"{"choices": []}"#, .malformed(path: "story"))
        refuses(#"{"story": null, "choices": []}"#, .malformed(path: "story"))
        refuses(#"{"story": "s"}"#, .malformed(path: "choices"))
        refuses(json(choices: [Self.choice, #"{"label": "a"}"#]), .malformed(path: "choices.1.summary"))
        refuses(json(choices: [#"{"label": 1, "summary": "b"}"#]), .malformed(path: "choices.0.label"))
        refuses(json(story: #" \n"#), .blankStory)
        refuses(json(story: text(8001)), .storyTooLong(scalars: 8001))
        refuses(json(choices: []), .choiceCount(0))
        refuses(json(choices: Array(repeating: Self.choice, count: 4)), .choiceCount(4))
        refusesSecond(#"{"label": "", "summary": "b"}"#, .blankLabel(choice: 1))
        refusesSecond(#"{"label": "a", "summary": " "}"#, .blankSummary(choice: 1))
        refusesSecond(#"{"label": "\#(text(81))", "summary": "b"}"#, .labelTooLong(choice: 1))
        refusesSecond(#"{"label": "a", "summary": "\#(text(301))"}"#, .summaryTooLong(choice: 1))
    }

    @Test func deeplyNestedAnswer_isRefused() {
        refuses(String(repeating: "[", count: 60_000), .malformed(path: ""))
    }

    @Test func stream_isCollectedWhateverItsPieces() async throws {
        let text = json(story: "語り🏮")
        for length in 1...text.unicodeScalars.count {
            var pieces: [String] = []
            var rest = Array(text.unicodeScalars)[...]
            while !rest.isEmpty {
                var view = String.UnicodeScalarView()
                view.append(contentsOf: rest.prefix(length))
                pieces.append(String(view))
                rest = rest.dropFirst(length)
            }
            let answer = try await StoryAnswer(reading: stream(pieces))
            #expect(try Passage(parsing: answer.text).story == "語り🏮")
        }
    }

    @Test func stream_isReadNoFurtherThanItsLimit() async throws {
        let text = json()
        _ = try await StoryAnswer(reading: stream([text]), maxBytes: text.utf8.count)
        await #expect(throws: PassageError.streamTooLong(maxBytes: 10)) {
            try await StoryAnswer(reading: stream([text]), maxBytes: 10)
        }
        let endless = AsyncThrowingStream<String, any Error>(unfolding: { "x" })
        await #expect(throws: PassageError.streamTooLong(maxBytes: 64 << 10)) {
            try await StoryAnswer(reading: endless)
        }
        let endlessNothing = AsyncThrowingStream<String, any Error>(unfolding: { "" })
        await #expect(throws: PassageError.streamTooLong(maxBytes: 1000)) {
            try await StoryAnswer(reading: endlessNothing, maxBytes: 1000)
        }
    }

    @Test func streamsOwnError_isPassedOn() async {
        struct Outage: Error {}
        let failing = AsyncThrowingStream<String, any Error> { continuation in
            continuation.yield("{")
            continuation.finish(throwing: Outage())
        }
        await #expect(throws: Outage.self) { try await StoryAnswer(reading: failing) }
    }

    @Test func cancelledReader_stopsWithACancellationError() async {
        let (silent, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
        continuation.yield(json())
        let task = Task { try await StoryAnswer(reading: silent) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        continuation.finish()
    }

    private func text(_ count: Int) -> String { String(repeating: "字", count: count) }

    private func stream(_ pieces: [String]) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            for piece in pieces { continuation.yield(piece) }
            continuation.finish()
        }
    }

    private func refuses(_ text: String, _ error: PassageError, _ place: SourceLocation = #_sourceLocation) {
        #expect(throws: error, sourceLocation: place) { try Passage(parsing: text) }
    }

    private func refusesSecond(
        _ choice: String, _ error: PassageError, _ place: SourceLocation = #_sourceLocation
    ) {
        refuses(json(choices: [Self.choice, choice, Self.choice]), error, place)
    }
}
