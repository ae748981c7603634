import Game
import Testing

@testable import StoryModels

@Suite struct RefusalTests {
    private func meaning(_ status: Int, _ text: String) -> Refusal.Meaning {
        Refusal(status: status, text).meaning
    }

    /// As the servers write them; docs/models.md names their versions.
    @Test(arguments: [
        (
            400, "{\"error\":{\"message\":\"'response_format' of type 'json_schema' is not supported\"}}",
            [Dialect.Trait.schema]
        ),
        (
            500, "1 validation error: {'type': 'literal_error', 'loc': ('body', 'response_format', 'type')}",
            [.schema]
        ),
        (
            400,
            #"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. "#
                + #"Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#, [.maxTokens]
        ),
        (
            400,
            #"{"error":{"message":"Unsupported value: 'temperature' does not support 0.8 with this model.","#
                + #""param":"temperature"}}"#, [.temperature]
        ),
        (400, "{\"error\":{\"message\":\"Unknown parameter: 'stream_options'.\"}}", [.streamOptions]),
        (500, "Jinja Exception: System role not supported", [.systemRole]),
        (
            400, "Conversation roles must alternate user/assistant/user/assistant/... (not supported)",
            [.systemRole]
        ),
        (
            400, "Invalid schema for response_format 'passage': 'maxLength' is not permitted.",
            [.lengths, .schema]
        ),
        // Nothing is named: the schema is the likeliest.
        (400, "Failed to initialize samplers: std::exception", [.schema]), (422, "", [.schema]),
        (400, "Failed to initialize samplers: failed to parse grammar", [.lengths, .schema]),
        // What is too large is neither unknown nor unsupported.
        (400, "max_tokens is too large: 2000", [.schema]),
        (400, "temperature must be at most 0.5", [.schema]),
    ])
    func whatIsNotSupported_isUnderstood(_ status: Int, _ text: String, _ traits: [Dialect.Trait]) {
        #expect(meaning(status, text) == .unsupported(traits), "\(text)")
    }

    @Test(arguments: [
        (
            400,
            #"{"error":{"code":400,"message":"request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":4390,"n_ctx":4096}}"#,
            4096, 4390
        ),
        (
            400,
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3000 in the messages, 2000 in the completion).",
            4096, 3000
        ),
        (400, "Requested tokens (2285) exceed context window of 2048", 2048, 2285),
        (
            400,
            "'max_tokens' is too large: 2000. This model's maximum context length is 2048 tokens and your request has 1500 input tokens",
            2048, 1500
        ),
        (
            400,
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            8192, 9001
        ),
        (
            500, #"{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}"#,
            nil, nil
        ),
        (400, "prompt is too long", nil, nil),
        (400, "context length 99999999999999999999999999 tokens", nil, nil),
    ])
    func aContext_isReadOutOfWords(_ status: Int, _ text: String, _ limit: Int?, _ spent: Int?) {
        #expect(meaning(status, text) == .context(limit: limit, spent: spent), "\(text)")
    }

    @Test func otherRefusals_areWhatTheyAre() {
        #expect(
            meaning(503, #"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#)
                == .loading)
        #expect(meaning(503, "overloaded") == .failure)
        #expect(meaning(500, "relation does not exist in this schema") == .failure)
        #expect(meaning(500, "unsupported: no such schema") == .failure)
        #expect(meaning(400, #"{"error":{"code":"content_filter"}}"#) == .filtered)
    }
}

@Suite struct LessonTests {
    @Test func whatDoesNotHelp_isTakenBack_andNotTriedAgain() {
        var lesson = Lesson(Dialect())
        let first = lesson.leaveOut(oneOf: [.schema])
        let second = lesson.leaveOut(oneOf: [.schema, .temperature])
        #expect(first == .schema && second == .temperature)
        #expect(lesson.dialect.missing == [.temperature])
        let third = lesson.leaveOut(oneOf: [.schema])
        #expect(third == nil)
    }

    @Test func whatHelped_isKept_whileMoreIsRefused() {
        var lesson = Lesson(Dialect())
        _ = lesson.leaveOut(oneOf: [.maxTokens])
        _ = lesson.leaveOut(oneOf: [.temperature])
        #expect(lesson.dialect.missing == [.maxTokens, .temperature])
    }

    @Test func aPrompt_isMadeShorter_byTheServersOwnCount() {
        var dialect = Dialect()
        dialect.fit(context: 4_096, spent: 5_000, estimate: 6_000)
        #expect(dialect.answerTokens == 1_638)
        #expect(dialect.promptTokens == (4_096 - 1_638 - 64) * 6_000 / 5_000)
        dialect.fit(context: nil, spent: nil, estimate: 1_000)
        #expect(dialect.promptTokens == 750)
        dialect.fit(context: 1, spent: .max, estimate: 1_000)
        #expect(dialect.answerTokens == 204 && dialect.promptTokens == 244)
        dialect.fit(context: 1, spent: nil, estimate: 244)
        #expect(dialect.answerTokens == 204 && dialect.promptTokens == 183)
        dialect.fit(context: .max, spent: 1, estimate: 100)
        #expect(dialect.promptTokens == 75)
        var lesson = Lesson(Dialect())
        let fits = (0..<4).map { _ in lesson.fit(context: nil, spent: nil, estimate: 1_000) }
        #expect(fits == [true, true, true, false])
    }

    @Test func twoRequests_learnTogether() {
        var (one, other) = (Dialect(), Dialect())
        one.leaveOut(.schema)
        other.fit(context: 4_096, spent: nil, estimate: 6_000)
        let both = one.merged(other)
        #expect(both.missing == [.schema] && both.promptTokens == other.promptTokens)
        #expect(both.answerTokens == other.answerTokens && both == other.merged(one))
    }
}

@Suite struct ChatRequestTests {
    private func body(_ dialect: Dialect) -> String {
        let messages = PromptMessages(.sample, PromptSecrets(seed: 1))
        return String(decoding: ChatRequest(model: "m", messages, dialect).body, as: UTF8.self)
    }

    /// llama.cpp's grammar has the model write the members in this order.
    @Test func theSchema_hasTheStoryFirst_andLengths() throws {
        let text = body(Dialect())
        let format = try #require(text.firstRange(of: "\"response_format\"")).upperBound
        let properties = text[format...]
        let story = try #require(properties.firstRange(of: "\"story\":{")).lowerBound
        let choices = try #require(properties.firstRange(of: "\"choices\":{")).lowerBound
        #expect(story < choices)
        #expect(properties.contains("\"required\":[\"story\",\"choices\"]"))
        for most in [80, 300] { #expect(properties.contains("\"maxLength\":\(most)")) }
        var dialect = Dialect()
        dialect.leaveOut(.lengths)
        #expect(!body(dialect).contains("maxLength") && body(dialect).contains("json_schema"))
        dialect.leaveOut(.schema)
        #expect(!body(dialect).contains("response_format"))
    }
}

@Suite struct ThoughtFilterTests {
    @Test(arguments: [
        ("{\"story\":1}", "{\"story\":1}"), ("<think>a {b} < c</think> {x}", "{x}"),
        ("<THINKING>a</think></THINKING>\n```json {x}", "```json {x}"),
        ("hm {a}</think>{b}", "{b}"),
        ("Sure: {a}", "Sure: {a}"), ("<think>never ended {a}", ""),
        ("<think></think><think>x</think>{y}", "{y}"),
        ("", ""), (" \n{a}", "{a}"), ("<thin", "<thin"), ("a < b {c}", "a < b {c}"), ("``x", "``x"),
        ("語 {a} </think>語 {b}", "語 {b}"), ("{a}</think>", "{a}</think>"),
    ])
    func thoughts_areTakenOut_atEveryBoundary(_ text: String, _ answer: String) {
        let scalars = Array(text.unicodeScalars)
        for size in 1...max(1, scalars.count) {
            var filter = ThoughtFilter()
            var seen = ""
            for start in stride(from: 0, to: scalars.count, by: size) {
                var piece = String.UnicodeScalarView()
                piece.append(contentsOf: scalars[start...].prefix(size))
                seen += filter.read(String(piece))
            }
            #expect(seen + filter.finish() == answer, "\(size)")
        }
    }
}

@Suite struct SurrogateHalvesTests {
    @Test(arguments: [
        ([#""a\ud83d""#, #""\uDD14b""#], "a🔔b"), ([#""\ud83d\udd14""#], "🔔"),
        ([#""\ud83d""#, #""x""#], "\u{FFFD}x"),
        ([#""\udd14\ud83d""#], "\u{FFFD}\u{FFFD}"), ([#""\ud83d""#, #""""#, #""\udd14""#], "🔔"),
        ([#""\\ud83d\n""#], "\\ud83d\n"), ([#""\ud83d\ud83d""#, #""\udd14""#], "\u{FFFD}🔔"),
        ([#""\u00e9""#], "é"),
    ])
    func halves_arePutTogether(_ deltas: [String], _ text: String) {
        var joiner = SurrogateHalves.Joiner()
        var seen = ""
        for delta in deltas {
            let chunk = ChatChunk.read("{\"choices\":[{\"delta\":{\"content\":\(delta)}}]}")
            #expect(chunk != nil, "\(delta)")
            seen += joiner.read(chunk?.text ?? "")
        }
        #expect(seen + joiner.finish() == text)
    }

    @Test func anyText_isCarried() {
        for text in ["\\", "\\u", "\\ud83", "\\u+d83", "\\ud83d\\", "\\ud83d\\u", "\\ud83d\\udd1"] {
            _ = SurrogateHalves.carried(in: text)
        }
    }
}
