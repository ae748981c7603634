internal import FoundationEssentials
internal import Functions

/// What a server says that does not answer, in words of its own: no two servers have the same. Pure. The text is never
/// shown to anyone.
struct Refusal: Equatable {
    /// What a refusal asks for.
    enum Meaning: Equatable {
        /// The model is not there yet.
        case loading
        /// Prompt and answer do not fit: into so many tokens, of which the prompt took so many, if it says so.
        case context(limit: Int?, spent: Int?)
        /// The request is refused, and may be taken without one of these, of which the first is the likeliest: what is
        /// named beside a word that means "unknown" or "unsupported", or else the schema.
        case unsupported([Dialect.Trait])
        /// It will not answer this.
        case filtered
        /// The server failed.
        case failure
    }

    /// Bytes of the text that are looked at.
    static let bytes = 8 << 10

    /// HTTP's, or the one that an event of a stream names.
    let status: Int
    let retryAfter: Duration?
    /// In lower case.
    let text: String
    /// The member that the refusal is about, where it says so by itself.
    private let parameter: String?

    private struct Body: Decodable {
        struct Fault: Decodable { let param: String? }
        let error: Fault?
    }

    init(status: Int, retryAfter: Duration? = nil, _ text: String) {
        self.status = status
        self.retryAfter = retryAfter
        self.text = text.lowercased()
        parameter = (try? JSONDecoder().decode(Body.self, from: Data(text.utf8)))?.error?.param?.lowercased()
    }

    /// Whether the request was refused, and the server is well.
    private var isOfRequest: Bool { status == 400 || status == 413 || status == 422 }

    var meaning: Meaning {
        if status == 503 { return has(["loading", "warming up", "starting up"]) ? .loading : .failure }
        if isAboutContext { return .context(limit: contextLimit, spent: promptTokens) }
        if has(["content_filter", "content management policy"]) { return .filtered }
        let traits = unsupported
        if !traits.isEmpty { return .unsupported(traits) }
        return isOfRequest ? .unsupported([.schema]) : .failure
    }

    private func has(_ words: [String]) -> Bool { words.contains { text.contains($0) } }

    // MARK: What is not supported

    /// Words that mean "unknown" or "unsupported". A value that is too large or too small is neither.
    private static let unsupportedWords = [
        "unsupported", "not supported", "not support ", "doesn't support", "not permitted", "not allowed",
        "unknown", "unexpected", "unrecognized", "unrecognised", "not recognized", "extra_forbidden",
        "literal_error", "unavailable", "not available", "not implemented", "only user and assistant roles",
        "roles must alternate", "failed to parse grammar", "sane defaults",
    ]

    /// What names a member.
    private static let names: [(Dialect.Trait, [String])] = [
        (.lengths, ["maxlength", "minlength", "repetition", "parse grammar"]),
        (.schema, ["response_format", "json_schema", "schema", "grammar", "guided"]),
        (.streamOptions, ["stream_options", "include_usage"]),
        (.maxTokens, ["max_tokens"]),
        (.temperature, ["temperature"]),
        (
            .systemRole,
            ["system role", "'system'", "messages[0].role", "assistant roles", "roles must alternate"]
        ),
    ]

    /// Which of them, in order.
    private var unsupported: [Dialect.Trait] {
        guard has(Self.unsupportedWords) else { return [] }
        let place = parameter.flatMap { $0.isEmpty ? nil : $0 } ?? text
        return Self.names.compactMap { trait, words in
            // The lengths are a part of the member that is named.
            let place = trait == .lengths ? text : place
            guard words.contains(where: { place.contains($0) }) else { return nil }
            // A failure of the server's own must name the member in full: a schema may be a database's.
            if trait == .schema, !isOfRequest, !place.contains("response_format") { return nil }
            return trait
        }
    }

    // MARK: The context

    private var isAboutContext: Bool {
        (isOfRequest || status == 500)
            && has([
                "exceed_context_size", "context_length_exceeded", "context length", "context window",
                "context size", "n_ctx", "prompt is too long", "must be at least 1, got -",
            ])
    }

    private var contextLimit: Int? {
        number(after: ["\"n_ctx\"", "context length", "context window", "context size ("])
    }

    private var promptTokens: Int? {
        number(after: [
            "\"n_prompt_tokens\"", "request (", "requested tokens (", "resulted in", "your request has",
        ])
            ?? number(before: " in the messages")
    }

    /// The number that follows the first of these words, within a few letters.
    private func number(after words: [String]) -> Int? {
        for word in words {
            guard let range = text.firstRange(of: word) else { continue }
            let near = text[range.upperBound...].prefix(16)
            let digits = near.drop { !$0.isASCII || !$0.isNumber }.prefix { $0.isASCII && $0.isNumber }
            // One that goes on behind these letters is not it.
            if digits.endIndex == near.endIndex, near.endIndex < text.endIndex { continue }
            if let number = Int(digits) { return number }
        }
        return nil
    }

    private func number(before word: String) -> Int? {
        guard let range = text.firstRange(of: word) else { return nil }
        return Int(
            String(text[..<range.lowerBound].reversed().prefix { $0.isASCII && $0.isNumber }.reversed()))
    }
}
