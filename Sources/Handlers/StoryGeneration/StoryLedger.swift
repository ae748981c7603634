internal import Base
internal import Game
internal import Functions

/// Who tells which action, and what tellings cost: decided in the store before a model is asked, and settled where a
/// telling comes to nothing. `StoryGeneration` calls it; it has no triggers.
///
/// Nothing that it reads is written by every story, so that stories are no conflicts of each other: claims are records
/// of one action each, and a budget is a stream of the journal (``TokenEntry``).
struct StoryLedger: Function {
    /// `{"begin":…}` or `{"end":…}`.
    struct Input: Codable, Sendable {
        var begin: Begin?
        var end: End?
    }

    /// A telling is about to begin.
    struct Begin: Codable, Sendable {
        let actions: [String]
        /// The process that tells.
        let by: String
        /// How long a telling may take, in milliseconds.
        let lasts: Int64
        /// What it may cost, and the budget that it is taken from; nil where there is none.
        let tokens: Int?
        let window: Int64?
    }

    /// A telling has come to nothing, but for what it has cost.
    struct End: Codable, Sendable {
        let actions: [String]
        let grant: Grant
        let spent: Int
    }

    /// What came of it: one of these; nothing of `end`.
    struct Output: Codable, Sendable {
        var grant: Grant?
        /// The story's id, where all is told already.
        var story: String?
        /// Where another process is telling.
        var underWay: UnderWay?

        private enum CodingKeys: String, CodingKey {
            case grant, story
            case underWay = "under_way"
        }
    }

    /// A telling that may begin.
    struct Grant: Codable, Sendable {
        /// A reservation in a budget's stream.
        struct Entry: Codable, Sendable {
            let id: String
            let stream: String
        }

        let entries: [Entry]
        let reserved: Int
        let telling: String
        let window: Int64

        /// Settles the reservations: writes what was spent in their place.
        func settle(_ spent: Int, in context: Context) throws {
            guard spent != reserved else { return }
            for entry in entries {
                try context.append(
                    TokenEntry(tokens: spent - reserved, window: window), as: TokenEntry.kind,
                    id: context.identifier("tokens"), to: entry.stream)
            }
        }
    }

    /// Somebody else's telling.
    struct UnderWay: Codable, Sendable {
        let action: String
        let telling: String
        let until: Int64
    }

    func validate(_ input: Input) throws(InvalidInput) {
        guard (input.begin == nil) != (input.end == nil) else {
            throw InvalidInput("", "must have one of begin and end")
        }
    }

    func handle(_ input: Input, in context: Context) async throws -> Output {
        if let begin = input.begin { return try await self.begin(begin, context) }
        if let end = input.end { try await self.end(end, context) }
        return Output()
    }

    private func begin(_ begin: Begin, _ context: Context) async throws -> Output {
        var claims: [StoryClaim] = []
        for action in begin.actions {
            let claim = try await context.read(StoryClaim.self, action)
            if let claim, claim.isHeld(against: begin.by, at: context.now, lasting: begin.lasts) {
                context.log.message("Story under way elsewhere")
                return Output(
                    underWay: UnderWay(action: action, telling: claim.telling, until: claim.until))
            }
            if let claim { claims.append(claim) }
        }
        if claims.count == begin.actions.count, claims.allSatisfy({ $0.story != nil }) {
            return Output(story: claims.last?.story)
        }
        let telling = context.identifier("telling")
        let until = (context.now + .milliseconds(begin.lasts)).milliseconds
        for action in begin.actions {
            try context.save(StoryClaim(by: begin.by, id: action, story: nil, telling: telling, until: until))
        }
        var entries: [Grant.Entry] = []
        if let tokens = begin.tokens, let window = begin.window {
            entries = try await reserve(tokens, in: window, context)
        }
        context.log.message("Story begun")
        context.log.set("telling", telling)
        if let tokens = begin.tokens { context.log.set("tokens_reserved", .integer(Int64(tokens))) }
        return Output(
            grant: Grant(
                entries: entries, reserved: begin.tokens ?? 0, telling: telling, window: begin.window ?? 0))
    }

    /// Takes from a player's own budget, and from that of the guests of one origin.
    private func reserve(_ tokens: Int, in window: Int64, _ context: Context) async throws -> [Grant.Entry] {
        let playerID = try context.playerID
        let kept = try await context.read(TokenBudget.self, playerID)
        let before = kept?.window == window ? kept?.used ?? 0 : 0
        var streams = [(TokenEntry.stream(of: playerID), before)]
        if let origin = kept?.origin { streams.append((TokenEntry.stream(ofOrigin: origin), 0)) }
        var entries: [Grant.Entry] = []
        for (stream, before) in streams {
            let entry = try await TokenEntry.reservation(
                of: tokens, in: window, on: stream, before: before, context)
            let id = context.identifier("tokens")
            try context.append(entry, as: TokenEntry.kind, id: id, to: stream)
            entries.append(Grant.Entry(id: id, stream: stream))
        }
        return entries
    }

    private func end(_ end: End, _ context: Context) async throws {
        for action in end.actions {
            guard var claim = try await context.read(StoryClaim.self, action),
                claim.telling == end.grant.telling,
                claim.story == nil
            else { continue }
            claim.until = 0
            try context.save(claim)
        }
        try end.grant.settle(end.spent, in: context)
        context.log.message("Story given up")
        context.log.set("telling", end.grant.telling)
        context.log.set("tokens", .integer(Int64(end.spent)))
    }
}
