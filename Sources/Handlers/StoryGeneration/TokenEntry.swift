internal import Base
internal import Game
internal import Ledger
internal import Functions

/// What a telling takes from a budget, or gives back: an entry of the budget's own stream in the journal, so that no two
/// tellings are a conflict. The store's order decides which of two came first.
///
/// Before a model is asked, as much is reserved as its answer may cost; when it has been paid for, a second entry has the
/// difference. So a budget is the sum of its entries, and what was never settled has cost its reservation.
struct TokenEntry: Codable {
    /// The journal's word for this kind of entry.
    static let kind = "tokens"
    /// How many entries are looked at. Not more than so many reserve at the same time.
    static let searched = 1_000

    // In the order of their names, in which they are encoded.
    /// Of a reservation, what had been taken in its window up to the entry `through`.
    var sum: Int?
    /// Of a reservation, the id of the last entry that `sum` counts; nil where there was none. (Not a number of the store's
    /// order: what is written must not change where others write more.)
    var through: String?
    /// Tokens, below zero for what is given back.
    let tokens: Int
    /// When the window began, in milliseconds since 1970; nil in entries from before there were reservations.
    var window: Int64?

    /// The stream of a player's own budget.
    static func stream(of playerID: String) -> String { "tokens:player:" + playerID }

    /// The stream of the budget that guests of one origin share.
    static func stream(ofOrigin origin: String) -> String { "tokens:" + origin }

    /// The beginning of the window that a time is in. Windows begin at multiples of their length, so that a day is a day
    /// of UTC.
    static func window(of now: Timestamp, _ rate: Rate) -> Int64 {
        let length = max(1, rate.window.milliseconds)
        return now.milliseconds - ((now.milliseconds % length) + length) % length
    }

    /// A reservation on a stream as it stands now; `before` is what is known of the window without it.
    static func reservation(
        of tokens: Int, in window: Int64, on stream: String, before: Int, _ context: Context
    ) async throws -> TokenEntry {
        let entries = try await context.journal(stream, last: searched)
        let sum = try Self.sum(of: entries, in: window, before: before)
        return TokenEntry(sum: sum, through: entries.last?.id, tokens: tokens, window: window)
    }

    /// Whether there was anything left of a budget when an entry of its stream was made.
    static func allows(_ rate: Rate, entry id: String, on stream: String, in context: Context) async throws
        -> Bool
    {
        let entries = try await context.journal(stream, last: searched)
        guard let place = entries.lastIndex(where: { $0.id == id }) else { return false }
        let own = try entries[place].decode(TokenEntry.self)
        guard let window = own.window, let sum = own.sum else { return false }
        return try add(rest(of: entries[..<place], behind: own.through), in: window, to: sum) < rate.count
    }

    /// What has been taken in a window: from its latest reservation on, which knows what was before.
    private static func sum(of entries: [JournalEntry], in window: Int64, before: Int) throws -> Int {
        for entry in entries.reversed() where entry.kind == kind {
            let known = try entry.decode(TokenEntry.self)
            guard known.window == window, let sum = known.sum else { continue }
            return try add(rest(of: entries[...], behind: known.through), in: window, to: sum)
        }
        return try add(entries[...], in: window, to: before)
    }

    /// What stands behind an entry.
    private static func rest(of entries: ArraySlice<JournalEntry>, behind id: String?) -> ArraySlice<
        JournalEntry
    > {
        guard let id, let place = entries.lastIndex(where: { $0.id == id }) else { return entries }
        return entries[(place + 1)...]
    }

    private static func add(_ entries: ArraySlice<JournalEntry>, in window: Int64, to sum: Int) throws -> Int
    {
        var sum = sum
        for entry in entries where entry.kind == kind {
            let known = try entry.decode(TokenEntry.self)
            guard known.window == window || known.window == nil && entry.at.milliseconds >= window else {
                continue
            }
            let (more, overflows) = sum.addingReportingOverflow(known.tokens)
            sum = overflows ? .max : more
        }
        return sum
    }
}
