internal import Runtime

/// How often one client may do something: as many times at once as the rate counts, and again as the time passes.
struct TokenBucket: Sendable {
    private var tokens: Double
    private var at: Duration

    /// A full one.
    init(_ rate: Rate, at now: Duration) {
        tokens = Double(rate.count)
        at = now
    }

    /// Takes one token. Where there is none, nothing is taken: how long it is until there is one.
    mutating func take(_ rate: Rate, at now: Duration) -> Duration? {
        let each = rate.window.inSeconds / Double(rate.count)
        tokens = min(Double(rate.count), tokens + max(0, (now - at).inSeconds) / each)
        at = now
        guard tokens >= 1 else { return .seconds((1 - tokens) * each) }
        tokens -= 1
        return nil
    }
}

/// A token bucket for each client's address.
///
/// Of no more addresses than `capacity` at once: of those that are full again nothing need be known, and where more come
/// within one window, they are told from each other no longer and share a bucket.
struct AddressRates: Sendable {
    private let rate: Rate
    private let capacity: Int
    /// Those that were used in this window, and in the one before it.
    private var recent: [String: TokenBucket] = [:]
    private var older: [String: TokenBucket] = [:]
    private var windowEnd: Duration?

    init(_ rate: Rate, capacity: Int) {
        self.rate = rate
        self.capacity = max(1, capacity)
    }

    /// How many addresses something is known of.
    var count: Int { recent.count + older.count }

    /// Takes one of the address's tokens; how long it must wait where there is none.
    mutating func take(_ address: String, at now: Duration) -> Duration? {
        turn(at: now)
        let key = recent[address] != nil || recent.count < capacity ? address : Self.others
        var bucket = recent[key] ?? older[key] ?? TokenBucket(rate, at: now)
        let wait = bucket.take(rate, at: now)
        recent[key] = bucket
        return wait
    }

    /// A bucket that nobody has used for a window is full.
    private mutating func turn(at now: Duration) {
        guard let end = windowEnd else {
            windowEnd = now + rate.window
            return
        }
        guard now >= end else { return }
        older = now >= end + rate.window ? [:] : recent
        recent = [:]
        windowEnd = now + rate.window
    }

    private static let others = "others"
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
