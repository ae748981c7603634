internal import Runtime

/// How long to wait before a request is tried again: what the server asks for, or else twice as long each time, of which
/// up to a half is left out by chance, so that those who failed together do not come again together.
struct BackOff {
    /// How often a request is tried at most.
    static let attempts = 4
    static let first = Duration.milliseconds(400)
    static let longest = Duration.seconds(8)

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// The wait before attempt `number` + 1; nil where it would not begin `before` the time that is left is over.
    mutating func wait(after number: Int, retryAfter: Duration?, before left: Duration) -> Duration? {
        guard number < Self.attempts else { return nil }
        let full = min(Self.first * (1 << min(max(number - 1, 0), 10)), Self.longest)
        let thousandths = Int(random.next() % 501)
        let wait = max(retryAfter ?? .zero, full - full * thousandths / 1_000)
        return wait < left ? wait : nil
    }

    /// `Retry-After` in seconds (RFC 9110 section 10.2.3); nil for anything else. A date is not read: the clock of a
    /// server is not ours.
    static func seconds(_ field: String?) -> Duration? {
        guard let field, (1...9).contains(field.utf8.count),
            field.utf8.allSatisfy({ (48...57).contains($0) }),
            let seconds = Int(field)
        else { return nil }
        return .seconds(seconds)
    }
}
