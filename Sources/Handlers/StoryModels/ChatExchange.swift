internal import Base
internal import Game
internal import Net
internal import Wire

/// One request to a server and its answer, on the thread that calls.
struct ChatExchange {
    /// How it ended.
    enum End: Equatable {
        /// The answer is whole.
        case whole
        case cancelled
        case redirect(String)
        /// It did not come to an answer, or not to the end of one.
        case fault(StoryFault, status: Int? = nil, retryAfter: Duration? = nil)
        /// It was refused, with words that may say what to do otherwise.
        case refused(Refusal)
    }

    /// How long after the model has ended its answer there may still come what it cost, and the end of the response.
    static let moment = Duration.seconds(1)
    /// How long the connection itself may take, TLS included.
    static let connectLimit = Duration.seconds(5)

    let address: ModelAddress
    let key: String?
    let patience: Patience
    let end: Duration
    /// The longest silence within an answer. The first word may take as long as there is time for: most servers send
    /// their head, and some a first event, before they have read the prompt.
    let silence: Duration

    private var reader = AnswerReader()

    init(to address: ModelAddress, key: String?, until end: Duration, silence: Duration, _ patience: Patience)
    {
        self.silence = silence
        self.address = address
        self.key = key
        self.end = end
        self.patience = patience
    }

    /// Whether the model has written anything.
    var hasSpoken: Bool { reader.hasSpoken }
    /// What it cost, if the server said so.
    var usage: TokenUsage? { reader.usage }
    /// What the model wrote, by estimate.
    var outputTokens: Int { reader.outputTokens }

    /// Asks; `say` gets every piece of the answer's text.
    mutating func run(_ body: [UInt8], say: (String) -> Void) -> End {
        do throws(ConnectionError) {
            let connection = try ClientConnection(
                to: address.peer, until: min(end, patience.uptime() + Self.connectLimit), patience)
            try connection.send(head(of: body) + body, until: end)
            return try receive(on: connection, say)
        } catch {
            return switch error {
            case .nameNotFound: .fault(.nameNotFound)
            case .refused: .fault(.connectionRefused)
            case .insecure: .fault(.tls)
            case .unreachable, .broken: .fault(.connection)
            case .timeout: .fault(.timeout)
            case .cancelled: .cancelled
            }
        }
    }

    private func head(of body: [UInt8]) -> [UInt8] {
        var text = "POST \(address.target) HTTP/1.1\r\nHost: \(address.authority)\r\n"
        text += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        text += "Accept: text/event-stream, application/json\r\nAccept-Encoding: identity\r\n"
        text += "User-Agent: gestaloka\r\nConnection: close\r\n"
        if let key { text += "Authorization: Bearer \(key)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private mutating func receive(on connection: ClientConnection, _ say: (String) -> Void)
        throws(ConnectionError) -> End
    {
        var response = HTTPResponseParser(tolerating: .looseLines)
        var endOfMoment: Duration?
        while true {
            let now = patience.uptime()
            if reader.isEnded, endOfMoment == nil { endOfMoment = now + Self.moment }
            let limit = endOfMoment ?? (hasSpoken ? now + silence : end)
            let bytes: [UInt8]
            do throws(ConnectionError) {
                bytes = try connection.receive(until: min(end, limit))
            } catch {
                switch error {
                case .cancelled: return .cancelled
                case .timeout where !reader.isEnded: return .fault(hasSpoken ? .timeout : .slowFirstWord)
                default: return interrupted(say)
                }
            }
            if bytes.isEmpty { response.finish() } else { response.append(bytes) }
            if let end = read(&response, say) { return end }
            if bytes.isEmpty { return interrupted(say) }
        }
    }

    /// Takes what has arrived of the response; how it ended, if it did.
    private mutating func read(_ response: inout HTTPResponseParser, _ say: (String) -> Void) -> End? {
        while true {
            let step: HTTPResponseParser.Step
            do throws(HTTPResponseError) { step = try response.next() } catch {
                switch error {
                case .malformed: return .fault(.protocolError)
                case .tooLong: return .fault(.tooLong)
                // The answer may be whole all the same: some servers leave out the last chunk.
                case .cut: return interrupted(say)
                }
            }
            let text: String
            switch step {
            case .needMore: return nil
            case .head(let head):
                reader.begin(status: head.status, head.headers)
                text = ""
            case .content(let content): text = reader.read(content)
            case .end: text = reader.finish()
            }
            if !text.isEmpty { say(text) }
            if let verdict = reader.verdict { return verdict }
        }
    }

    private mutating func interrupted(_ say: (String) -> Void) -> End {
        let text = reader.interrupt()
        if !text.isEmpty { say(text) }
        return reader.verdict ?? .fault(.cut)
    }
}
