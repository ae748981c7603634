import Base
import Runtime
import TestSupport

/// Hears a text from outside, to the end that the input asks for, and keeps what it has heard.
struct Listener: Function {
    struct Input: Decodable, Sendable {
        /// How the text ends: `whole`, `fails`, `cancels`, `waits` (until the invocation is cancelled), or `left` where
        /// the function stops before.
        let end: String
        let pieces: Int
        /// Goes on where it was cancelled, instead of ending with that.
        var insists: Bool?
    }

    struct Loss: Error {}

    /// Called when it has heard everything there is, and waits.
    var onWait: @Sendable () -> Void = {}

    func handle(_ input: Input, in context: Context) async throws -> [String] {
        var heard: [String] = []
        let before = try await context.read(Counter.self, "heard")?.value ?? 0
        context.log.message("Listening")
        for try await piece in context.outside("voice", { stream(input) }) {
            heard.append(piece)
            if input.end == "left", heard.count == input.pieces / 2 { break }
        }
        if input.insists != true { try Task.checkCancellation() }
        heard.append(Task.isCancelled ? "cut" : "end")
        try context.save(Counter(id: "heard", value: before + heard.count))
        context.log.set("heard", .integer(Int64(heard.count)))
        return heard
    }

    private func stream(_ input: Input) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            for number in 0..<input.pieces { continuation.yield("piece \(number) \u{1F600}") }
            switch input.end {
            case "fails": continuation.finish(throwing: Loss())
            case "cancels": continuation.finish(throwing: CancellationError())
            case "waits": onWait()
            default: continuation.finish()
            }
        }
    }
}

/// Says and keeps whatever it is given.
struct Echo: Function {
    func handle(_ input: JSONValue, in context: Context) async throws -> JSONValue {
        try context.append(["echo": input], as: "echo", id: context.identifier("entry"), to: "echoes")
        try context.emit("echo", input, to: ["all"])
        context.log.message("Echoed")
        return .array([input])
    }
}
