import Game
import Runtime
@testable import StoryModels
import Testing
import Wire

@Suite struct AnswerReaderTests {
    /// What an answer comes to whose content arrives in these pieces.
    private func read(_ pieces: [[UInt8]], status: Int = 200, type: String = "text/event-stream")
        -> (text: String, verdict: ChatExchange.End?)
    {
        var reader = AnswerReader()
        var headers = HTTPHeaders()
        headers.add("Content-Type", type)
        reader.begin(status: status, headers)
        var text = ""
        for piece in pieces where reader.verdict == nil { text += reader.read(piece) }
        if reader.verdict == nil { text += reader.finish() }
        return (text, reader.verdict)
    }

    private static func event(_ content: String, _ rest: String = "") -> String {
        "data: {\"choices\":[{\"delta\":{\"content\":\(content)}\(rest)}]}\n\n"
    }

    private static let bodies: [(content: String, text: String, end: ChatExchange.End)] = [
        (
            ": ping\r\n\r\n" + event("\"{\\\"story\\\":\"") + event("\"潮🔔\\n\"")
                + event("null", ",\"finish_reason\":\"stop\"")
                + "data: [DONE]\n\n", "{\"story\":潮🔔\n", .whole
        ),
        (
            event("\"<thi\"") + event("\"nk>{draft}</think\"") + event("\">{a \\ud83d\"")
                + event("\"\\udd14}\"")
                + event("\"\"", ",\"finish_reason\":\"stop\""), "{a 🔔}", .whole
        ),
        (
            event("[{\"type\":\"text\",\"text\":\"{a\"}]") + event("\"b}\"", ",\"finish_reason\":\"length\""),
            "{ab}", .fault(.length)
        ),
        (event("\"{a\""), "{a", .fault(.cut)),
        ("data: [DONE]\n\n", "", .fault(.empty)),
        ("", "", .fault(.empty)),
        ("data: {\"error\":{\"code\":429}}\n\n", "", .fault(.rate, status: 429)),
        (event("\"{a\"") + "data: {\"error\":\"x\"}\n\n", "{a", .fault(.server)),
        ("\n {\"choices\":[{\"message\":{\"content\":\"{a\n}\"}}]} rest", "{a\n}", .whole),
        ("{\"choices\":[{\"message\":{\"content\":\"{a}\"}", "", .fault(.protocolError)),
        ("<html>", "", .fault(.protocolError)), ("data: x\n\n", "", .fault(.protocolError)),
    ]

    @Test(arguments: bodies.indices) func anAnswer_isTheSameAtEveryCut(_ index: Int) {
        let body = Self.bodies[index]
        let bytes = Array(body.content.utf8)
        for cut in 0...bytes.count {
            // The type says nothing: servers have it wrong in both directions.
            for type in ["text/event-stream", "application/json", ""] {
                let seen = read([Array(bytes[..<cut]), Array(bytes[cut...])], type: type)
                #expect(seen.text == body.text && seen.verdict == body.end, "\(cut) of \(type)")
            }
        }
        let seen = read(bytes.map { [$0] })
        #expect(seen.text == body.text && seen.verdict == body.end)
    }

    @Test func aRefusal_isTheSameAtEveryCut() {
        let text = "{\"error\":{\"message\":\"Loading model\"}}"
        for cut in 0...text.utf8.count {
            let bytes = Array(text.utf8)
            let seen = read([Array(bytes[..<cut]), Array(bytes[cut...])], status: 503)
            #expect(seen.verdict == .refused(Refusal(status: 503, text)) && seen.text.isEmpty)
        }
    }

    @Test func anyContent_isReadTheSameInAnyPieces() {
        var random = SeededRandom(seed: 0x14_0D_E1)
        let words = [
            "data: ", "{", "}", "\"choices\":[", "\"delta\":{\"content\":", "\"<think>\"", "\"</think>{\"",
            "]", "\n\n", "[DONE]",
            "\\ud83d", "\"", "\"error\":1", ",", ":", "\"finish_reason\":\"stop\"", "\u{7}", "語", " ",
        ]
        for round in 0..<1_000 {
            let text = (0..<30).map { _ in words[Int(random.next() % UInt64(words.count))] }.joined()
            let whole = read([Array(text.utf8)])
            let bytes = read(Array(text.utf8).map { [$0] })
            #expect(whole.text == bytes.text && whole.verdict == bytes.verdict, "round \(round): \(text)")
        }
    }
}
