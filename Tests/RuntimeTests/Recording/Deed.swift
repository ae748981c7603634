import Ledger
import Base
import Runtime
import Synchronization
import TestSupport

/// A function with a little of everything that a recording must hold.
struct Deed: Function {
    struct Input: Decodable, Sendable {
        let deed: String
        let target: String
    }

    struct Answer: Encodable, Sendable {
        var text = ""
        var value: Int?
        var seen: [String]?
        var token: String?
    }

    /// How much "count" adds: another rule gives other answers.
    var step = 1
    /// Called where a deed's name begins with `wait-`, after it has read.
    var pause: @Sendable (_ deed: String) async throws -> Void = { _ in }
    /// What the world outside says; nil where nobody may ask it.
    var outside: (@Sendable () -> [String])?

    func handle(_ input: Input, in context: Context) async throws -> Answer {
        if input.deed.hasPrefix("wait-") {
            let before = try await context.read(Counter.self, input.target)?.value ?? 0
            try await pause(input.deed)
            try context.save(Counter(id: input.target, value: before + step))
            return Answer(value: before + step)
        }
        switch input.deed {
        case "count":
            let value = (try await context.read(Counter.self, input.target)?.value ?? 0) + step
            try context.save(Counter(id: input.target, value: value))
            try context.append(
                ["value": value], as: "count", id: context.identifier("entry"), to: "s:\(input.target)")
            try context.emit("counted", ["value": value], to: ["room:\(input.target)"])
            context.log.message("Counted")
            context.log.set("value", .integer(Int64(value)))
            return Answer(value: value)
        case "look":
            let entries = try await context.journal("s:\(input.target)", last: 5)
            try context.append(
                ["seen": entries.count], as: "look", id: context.identifier("entry"), to: "looks")
            return Answer(text: "\(context.random())", seen: entries.map(\.body))
        case "watch": return Answer(seen: try await context.journal("s:\(input.target)", last: 5).map(\.body))
        case "refuse":
            let value = try await context.read(Counter.self, input.target)?.value ?? 0
            context.log.set("value", .integer(Int64(value)))
            throw Problem(.conflict, "It is \(value).")
        case "fail": throw Problem(.notFound, "Nothing is there.")
        case "once":
            if try await context.journalEntry(input.target) != nil { return Answer(text: "again") }
            try await pause(input.deed)
            try context.append(["by": context.requestID], as: "once", id: input.target, to: "s:once")
            return Answer(text: "first")
        case "clash":
            try context.append(["x": 1], as: "clash", id: input.target, to: "s:clash")
            return Answer()
        case "listen":
            var seen: [String] = []
            for try await piece in context.outside("world", { Self.stream(outside?() ?? []) }) {
                seen.append(piece)
            }
            try context.append(seen, as: "heard", id: context.identifier("entry"), to: "s:\(input.target)")
            return Answer(seen: seen)
        case "send":
            try context.enqueue(
                ["deed": "count", "target": input.target], id: context.identifier("job"), on: "work",
                group: input.target)
            return Answer()
        case "login":
            let session = try context.openSession(for: input.target, lifetime: .seconds(600))
            return Answer(text: session.sessionID, token: session.token)
        case "where": return Answer(text: context.environment["PLACE"] ?? "nowhere")
        default: throw Unknown()
        }
    }

    struct Unknown: Error {}

    private static func stream(_ pieces: [String]) -> AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            for piece in pieces { continuation.yield(piece) }
            continuation.finish()
        }
    }
}

extension FunctionEntry {
    static func deed(
        _ name: String = "deed", _ access: Access = .authenticated, per: RateScope? = nil,
        environment: [String] = [],
        _ limits: Limits = Limits()
    ) -> FunctionEntry {
        FunctionEntry(
            name: name, handler: "Deed", access: access, per: per, limits: limits, environment: environment)
    }
}
