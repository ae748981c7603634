internal import Game
internal import Wire

/// What a response means: the text of a chat completion, streamed or whole, or why there is none. Pure.
struct AnswerReader {
    private enum Form {
        case none, events, whole, refusal
    }

    /// Bytes of a whole answer, and of a refusal's text.
    private static let wholeBytes = 1 << 20
    private static let refusalBytes = 8 << 10

    private var form = Form.none
    private var status = 0
    private var retryAfter: Duration?
    private var parser = EventStreamParser()
    private var whole: [UInt8] = []
    private var isLast = false
    /// How it ended, as soon as that is known.
    private(set) var verdict: ChatExchange.End?
    /// What it cost, if the server said so.
    private(set) var usage: TokenUsage?

    /// Whether an answer's head has come.
    var hasBegun: Bool { form != .none }

    /// Takes the response's head.
    mutating func begin(status: Int, _ headers: HTTPHeaders) {
        self.status = status
        let retryAfter = BackOff.seconds(headers["Retry-After"])
        switch status {
        case 200:
            let type = headers["Content-Type"]?.lowercased() ?? ""
            guard (headers["Content-Encoding"]?.lowercased() ?? "identity") == "identity" else {
                return verdict = .fault(.protocolError)
            }
            form = type.hasPrefix("application/json") ? .whole : .events
        case 307, 308:
            verdict = headers["Location"].map { .redirect($0) } ?? .fault(.protocolError, status: status)
        // The others of their kind would make a GET of the request.
        case 300..<400: verdict = .fault(.redirect, status: status)
        // llama-cpp-python's server answers 500 to a member that it does not know.
        case 400, 422, 500:
            form = .refusal
            self.retryAfter = retryAfter
        case 408, 425, 501..<600: verdict = .fault(.server, status: status, retryAfter: retryAfter)
        case 429: verdict = .fault(.rate, status: status, retryAfter: retryAfter)
        case 401..<500: verdict = .fault(.refused, status: status)
        default: verdict = .fault(.protocolError, status: status)
        }
    }

    /// Takes some of the content; the pieces of text that it brings.
    mutating func read(_ content: [UInt8]) -> [String] {
        switch form {
        case .events: return readEvents(content)
        case .whole:
            whole += content
            if whole.count > Self.wholeBytes { verdict = .fault(.tooLong) }
        case .refusal:
            whole += content
            if whole.count >= Self.refusalBytes { verdict = refusal }
        case .none: break
        }
        return []
    }

    private mutating func readEvents(_ content: [UInt8]) -> [String] {
        let events: [String]
        do throws(EventStreamParser.Failure) {
            events = try parser.read(content)
        } catch {
            verdict = .fault(error == .notUTF8 ? .protocolError : .tooLong)
            return []
        }
        var pieces: [String] = []
        for event in events where verdict == nil {
            if event == "[DONE]" {
                verdict = .whole
            } else if let chunk = ChatChunk.read(event) {
                if let tokens = chunk.tokens { usage = tokens }
                pieces.append(chunk.text)
                if chunk.isLast { isLast = true }
                if chunk.isError { verdict = .fault(.server) }
            } else {
                verdict = .fault(.protocolError)
            }
        }
        return pieces
    }

    /// The response is over; the text that this brings.
    mutating func finish() -> String {
        guard verdict == nil else { return "" }
        switch form {
        case .events: verdict = isLast ? .whole : .fault(.cut)
        case .refusal: verdict = refusal
        case .none: verdict = .fault(.protocolError)
        case .whole:
            guard let text = String(validating: whole, as: UTF8.self), let chunk = ChatChunk.read(text) else {
                verdict = .fault(.protocolError)
                return ""
            }
            usage = chunk.tokens
            verdict = chunk.isError ? .fault(.server) : .whole
            return chunk.text
        }
        return ""
    }

    /// What it means that the response ended too early.
    var interruption: ChatExchange.End {
        switch form {
        case .none: .fault(.connection)
        case .refusal: refusal
        case .events, .whole: .fault(.cut)
        }
    }

    private var refusal: ChatExchange.End {
        let text = String(decoding: whole.prefix(Self.refusalBytes), as: UTF8.self)
        return .refused(status: status, retryAfter: retryAfter, text)
    }
}
