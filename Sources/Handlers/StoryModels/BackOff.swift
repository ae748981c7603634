internal import Functions

/// How long to wait before a request is tried again: what the server asks for, or else twice as long each time, of which
/// up to a half is left out by chance, so that those who failed together do not come again together.
struct BackOff {
    /// How often a request is tried at most.
    static let attempts = 4
    static let first = Duration.milliseconds(400)
    static let longest = Duration.seconds(8)
    /// The longest wait for a model that is loading, which is there at any moment.
    static let longestOfLoading = Duration.seconds(2)

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// The wait before attempt `number` + 1; nil where it would not begin `before` the time that is left is over, or
    /// where that is one attempt too many. A model that `isLoading` is tried until then.
    mutating func wait(
        after number: Int, retryAfter: Duration?, before left: Duration, isLoading: Bool = false
    )
        -> Duration?
    {
        guard isLoading || number < Self.attempts else { return nil }
        let longest = isLoading ? Self.longestOfLoading : Self.longest
        let full = min(Self.first * (1 << min(max(number - 1, 0), 10)), longest)
        let thousandths = Int(random.next() % 501)
        let wait = max(retryAfter ?? .zero, full - full * thousandths / 1_000)
        return wait < left ? wait : nil
    }
}
