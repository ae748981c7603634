import FoundationEssentials

/// How many tokens a model read and wrote, as it counts them itself or else as ``TokenEstimate`` does.
public struct TokenUsage: Codable, Sendable, Equatable {
    /// Tokens of the prompt.
    public var input: Int
    /// Tokens of the answer.
    public var output: Int

    private enum CodingKeys: String, CodingKey {
        case input = "in"
        case output = "out"
    }

    /// A figure; what is negative counts as nothing, and nothing counts for more than a thousand million.
    public init(input: Int, output: Int) {
        self.input = min(max(0, input), 1_000_000_000)
        self.output = min(max(0, output), 1_000_000_000)
    }

    /// Reads a figure, within the same bounds.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            input: try container.decode(Int.self, forKey: .input),
            output: try container.decode(Int.self, forKey: .output))
    }

    /// Nothing.
    public static let zero = TokenUsage(input: 0, output: 0)

    /// Both together.
    public var total: Int { input + output }

    public static func + (a: TokenUsage, b: TokenUsage) -> TokenUsage {
        TokenUsage(input: a.input + b.input, output: a.output + b.output)
    }
}

/// Why a model gave no answer, or not all of it. The texts are the values of logs and metrics.
public enum StoryFault: String, Codable, Sendable, CaseIterable {
    /// Its address is not one that can be used.
    case configuration
    /// The manifest does not list its host for the function.
    case host
    /// Too many are asked at the same time.
    case busy
    /// It failed so often lately that it is left alone for a while.
    case open
    /// Its host's name has no address.
    case nameNotFound = "name-not-found"
    /// Nothing listens where it should be.
    case connectionRefused = "connection-refused"
    /// There is no connection to it that can be trusted.
    case tls
    /// There is no connection to it for another reason, or the connection broke before it said anything.
    case connection
    /// It has not begun to answer in time.
    case slowFirstWord = "slow-first-word"
    /// It took too long otherwise: to be reached, or between two words.
    case timeout
    /// Its server is up, and loads it still.
    case loading
    /// It refused: the key, the model's name, or something of the request.
    case refused
    /// It does not take the schema of the answer.
    case schema
    /// Prompt and answer are longer than its context.
    case context
    /// It came to the greatest length of an answer before the answer's end.
    case length
    /// It will not tell this, or somebody between has cut it out.
    case filtered
    /// It ended without a word.
    case empty
    /// It asked to be left alone for longer than there is time.
    case rate
    /// It failed.
    case server
    /// It answered with what is no answer of its protocol.
    case protocolError = "protocol"
    /// It ended in the middle.
    case cut
    /// It said more than an answer may have.
    case tooLong = "too-long"
    /// It points to another place that may not be reached.
    case redirect
}

/// One piece of what a model says, as it passes through `Context.outside` and so stands in a recording: text as it is,
/// and everything else as one JSON object behind U+001E, which no JSON text has.
public enum StoryPiece: Sendable, Equatable {
    /// Some of the answer's text.
    case text(String)
    /// What the answer cost.
    case usage(TokenUsage)
    /// It did not go at the first time; `fault` is why it is tried again, after `wait` milliseconds.
    case retry(fault: StoryFault, wait: Int)
    /// It ended here, with this HTTP status if that says why; nothing comes after it.
    case fault(StoryFault, status: Int? = nil)
    /// Another model than the built-in one is about to answer, of this name.
    case teller(String)

    private static let mark: Unicode.Scalar = "\u{1E}"

    private struct Control: Codable {
        var fault: StoryFault?
        var retry: StoryFault?
        var status: Int?
        var teller: String?
        var usage: TokenUsage?
        var wait: Int?
    }

    /// Reads a piece; what has the mark and is no control object is nothing.
    public init(recorded: String) {
        guard recorded.unicodeScalars.first == Self.mark else {
            self = .text(recorded)
            return
        }
        let json = Data(recorded.utf8.dropFirst())
        let control = (try? JSONDecoder().decode(Control.self, from: json)) ?? Control()
        if let usage = control.usage {
            self = .usage(usage)
        } else if let fault = control.fault {
            self = .fault(fault, status: control.status)
        } else if let retry = control.retry {
            self = .retry(fault: retry, wait: control.wait ?? 0)
        } else if let teller = control.teller {
            self = .teller(teller)
        } else {
            self = .text("")
        }
    }

    /// The piece as `init(recorded:)` reads it.
    public var recorded: String {
        switch self {
        case .text(let text):
            // A model that writes the mark itself must not be able to speak in the provider's name.
            guard text.unicodeScalars.first == Self.mark else { return text }
            return String(text.unicodeScalars.drop { $0 == Self.mark })
        case .usage(let usage): return Self.text(Control(usage: usage))
        case .retry(let fault, let wait): return Self.text(Control(retry: fault, wait: wait))
        case .fault(let fault, let status): return Self.text(Control(fault: fault, status: status))
        case .teller(let name): return Self.text(Control(teller: name))
        }
    }

    private static func text(_ control: Control) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = (try? encoder.encode(control)) ?? Data("{}".utf8)
        return String(mark) + String(decoding: json, as: UTF8.self)
    }
}
