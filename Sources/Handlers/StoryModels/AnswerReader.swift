internal import Base
internal import Game
internal import Functions
internal import Wire

/// What a response means: the text of a chat completion, streamed or whole, or why there is none. Pure.
struct AnswerReader {
    private enum Form {
        /// Nothing but the head has come, if that.
        case none
        case events, whole, refusal
    }

    /// Bytes of a whole answer.
    private static let wholeBytes = 1 << 20

    private var form = Form.none
    private var status = 0
    private var retryAfter: Duration?
    private var parser = EventStreamParser()
    private var whole: [UInt8] = []
    private var nesting = JSONNesting()
    private var halves = SurrogateHalves.Joiner()
    private var thoughts = ThoughtFilter()
    /// Why the model ended its answer.
    private var ending: String?
    /// Text that has come and is not said yet.
    private var text = ""
    /// How it ended, as soon as that is known.
    private(set) var verdict: ChatExchange.End?
    /// What it cost, if the server said so.
    private(set) var usage: TokenUsage?
    /// What the model wrote, its thoughts included, by estimate.
    private(set) var outputTokens = 0
    /// Whether the model has written anything, if only a thought.
    private(set) var hasSpoken = false

    /// Whether the model has ended its answer; what may still come is the usage, and a mark.
    var isEnded: Bool { ending != nil }

    /// Takes the response's head.
    mutating func begin(status: Int, _ headers: HTTPHeaders) {
        self.status = status
        retryAfter = RetryAfter.wait(headers["Retry-After"], date: headers["Date"])
        switch status {
        case 200:
            guard (headers["Content-Encoding"]?.lowercased() ?? "identity") == "identity" else {
                return verdict = .fault(.protocolError)
            }
        case 307, 308:
            verdict = headers["Location"].map { .redirect($0) } ?? .fault(.protocolError, status: status)
        // The others of their kind would make a GET of the request.
        case 300..<400: verdict = .fault(.redirect, status: status)
        default:
            if let fault = Self.fault(of: status) {
                verdict = .fault(fault, status: status, retryAfter: retryAfter)
            } else {
                form = .refusal
            }
        }
    }

    /// What a status that is no answer means by itself; nil where the text says more.
    private static func fault(of status: Int) -> StoryFault? {
        switch status {
        // llama-cpp-python's server answers 500 to a member that it does not know, llama.cpp's 503 while it loads.
        case 400, 413, 422, 500, 503: nil
        case 408, 425, 501..<600: .server
        case 429: .rate
        case 401..<500: .refused
        default: .protocolError
        }
    }

    /// Takes some of the content; the text of the answer that it brings.
    mutating func read(_ content: [UInt8]) -> String {
        var content = content[...]
        if case .none = form {
            content = content.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            // Of which type it is, servers say wrong in both directions.
            switch content.first {
            case nil: return ""
            case UInt8(ascii: "{"): form = .whole
            // A page for people.
            case UInt8(ascii: "<"):
                verdict = .fault(.protocolError)
                return ""
            default: form = .events
            }
        }
        switch form {
        case .events: readEvents(content)
        case .whole: readWhole(content)
        case .refusal:
            whole += content
            if whole.count >= Refusal.bytes { verdict = refusal }
        case .none: break
        }
        return taken()
    }

    private mutating func readEvents(_ content: ArraySlice<UInt8>) {
        let events: [String]
        do throws(EventStreamParser.Failure) {
            events = try parser.read(content)
        } catch {
            return verdict = .fault(error == .notUTF8 ? .protocolError : .tooLong)
        }
        for event in events where verdict == nil {
            if event.allSatisfy(\.isWhitespace) { continue }
            if event == "[DONE]" {
                conclude()
            } else if let chunk = ChatChunk.read(event) {
                take(chunk, event)
            } else {
                verdict = .fault(.protocolError)
            }
        }
    }

    private mutating func readWhole(_ content: ArraySlice<UInt8>) {
        guard whole.count + content.count <= Self.wholeBytes else { return verdict = .fault(.tooLong) }
        // The object is whole where its last brace closes, whether or not the connection ends.
        for byte in content {
            whole.append(byte)
            if nesting.take(byte), nesting.depth == 0, byte == UInt8(ascii: "}") { return readObject() }
        }
    }

    private mutating func readObject() {
        guard let json = String(validating: whole, as: UTF8.self), let chunk = ChatChunk.read(json) else {
            return verdict = .fault(.protocolError)
        }
        take(chunk, json)
        conclude()
    }

    private mutating func take(_ chunk: ChatChunk, _ json: String) {
        if let tokens = chunk.tokens { usage = tokens }
        if chunk.isError {
            let status = chunk.errorStatus ?? 500
            if let fault = hasSpoken ? .server : Self.fault(of: status) {
                verdict = .fault(fault, status: chunk.errorStatus)
            } else {
                verdict = .refused(Refusal(status: status, String(json.prefix(Refusal.bytes))))
            }
            return
        }
        if !chunk.text.isEmpty || !chunk.thought.isEmpty {
            hasSpoken = true
            outputTokens += TokenEstimate.tokens(in: chunk.text) + TokenEstimate.tokens(in: chunk.thought)
        }
        text += thoughts.read(halves.read(chunk.text))
        ending = ending ?? chunk.ending
    }

    /// The answer is over.
    private mutating func conclude() {
        guard verdict == nil else { return }
        text += thoughts.read(halves.finish()) + thoughts.finish()
        switch ending {
        case "length": verdict = .fault(.length)
        case "content_filter": verdict = .fault(.filtered)
        case "error": verdict = .fault(.server)
        default: verdict = hasSpoken ? .whole : .fault(.empty)
        }
    }

    private mutating func taken() -> String {
        defer { text = "" }
        return text
    }

    /// The response is over, by its own framing; the text that this brings.
    mutating func finish() -> String {
        guard verdict == nil else { return "" }
        switch form {
        case .events where isEnded: conclude()
        case .events: verdict = .fault(hasSpoken ? .cut : .empty)
        case .refusal: verdict = refusal
        case .none: verdict = .fault(.empty)
        case .whole: verdict = .fault(.protocolError)
        }
        return taken()
    }

    /// The connection ended before the response, or nothing more comes of an answer that the model has ended; the text
    /// that this brings.
    mutating func interrupt() -> String {
        guard verdict == nil else { return "" }
        switch form {
        case .none: verdict = .fault(.connection)
        case .refusal: verdict = refusal
        case .events where isEnded: conclude()
        case .events: verdict = .fault(hasSpoken ? .cut : .connection)
        case .whole: verdict = .fault(.cut)
        }
        return taken()
    }

    private var refusal: ChatExchange.End {
        let text = String(decoding: whole.prefix(Refusal.bytes), as: UTF8.self)
        return .refused(Refusal(status: status, retryAfter: retryAfter, text))
    }
}
