internal import Game
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
        /// A 400, 422 or 500, with the beginning of its text, which is never shown to anyone.
        case refused(status: Int, retryAfter: Duration?, String)
    }

    /// The longest silence within an answer. The first word may take as long as there is time for.
    static let silence = Duration.seconds(20)

    let address: ModelAddress
    let key: String?
    let patience: Patience
    let end: Duration

    private(set) var text = 0
    private(set) var usage: TokenUsage?
    private(set) var outputTokens = 0

    init(to address: ModelAddress, key: String?, until end: Duration, _ patience: Patience) {
        self.address = address
        self.key = key
        self.end = end
        self.patience = patience
    }

    /// Whether any text of an answer has come.
    var hasSpoken: Bool { text > 0 }

    /// Asks; `say` gets every piece of the answer's text.
    mutating func run(_ body: [UInt8], say: (String) -> Void) -> End {
        do throws(Connection.Failure) {
            let connection = try Connection(to: address, until: end, patience)
            try connection.send(head(of: body) + body)
            return try receive(on: connection, say)
        } catch {
            switch error {
            case .unreachable, .broken: return .fault(hasSpoken ? .cut : .connection)
            case .timeout: return .fault(.timeout)
            case .cancelled: return .cancelled
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

    private mutating func receive(on connection: Connection, _ say: (String) -> Void) throws(Connection
        .Failure)
        -> End
    {
        var response = ResponseParser()
        var reader = AnswerReader()
        while true {
            let limit = reader.hasBegun ? patience.uptime() + Self.silence : end
            let bytes = try connection.receive(until: limit)
            let events: [ResponseParser.Event]
            do throws(ResponseParser.Failure) {
                events = bytes.isEmpty ? try response.end() : try response.read(bytes[...])
            } catch {
                switch error {
                case .malformed: return .fault(.protocolError)
                case .tooLong: return .fault(.tooLong)
                case .cut: return reader.interruption
                }
            }
            for event in events {
                switch event {
                case .head(let status, let headers):
                    reader.begin(status: status, headers)
                    if let end = reader.verdict { return end }
                case .content(let content):
                    let pieces = reader.read(content)
                    for piece in pieces where !piece.isEmpty {
                        text += piece.utf8.count
                        outputTokens += TokenEstimate.tokens(in: piece)
                        say(piece)
                    }
                    usage = reader.usage ?? usage
                    if let end = reader.verdict { return end }
                case .end:
                    let last = reader.finish()
                    if !last.isEmpty {
                        text += last.utf8.count
                        outputTokens += TokenEstimate.tokens(in: last)
                        say(last)
                    }
                    usage = reader.usage ?? usage
                    return reader.verdict ?? .fault(.cut)
                }
            }
            if bytes.isEmpty { return .fault(.cut) }
        }
    }
}
