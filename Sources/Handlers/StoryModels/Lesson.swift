internal import Game

/// What one request finds out about its server from refusals: it leaves one thing out, asks again, and takes back what did
/// not help. Only what an answer came with is remembered for the server. Pure.
struct Lesson {
    /// How often a prompt is made shorter.
    private static let maximumFits = 3

    /// What to ask with.
    private(set) var dialect: Dialect
    private var tried: Set<Dialect.Trait> = []
    private var last: Dialect.Trait?
    private var fits = 0

    init(_ known: Dialect) { dialect = known }

    /// Takes in that the server may not take one of these; the one to try without, if there is any left.
    mutating func leaveOut(oneOf traits: [Dialect.Trait]) -> Dialect.Trait? {
        if let last, traits.contains(last) { dialect.takeBack(last) }
        last = traits.first { !tried.contains($0) && dialect.has($0) }
        guard let trait = last else { return nil }
        tried.insert(trait)
        dialect.leaveOut(trait)
        return trait
    }

    /// Takes in that a prompt of `estimate` tokens was too long, as ``Dialect/fit(context:spent:estimate:)`` does; whether a
    /// shorter one may be tried.
    mutating func fit(context: Int?, spent: Int?, estimate: Int) -> Bool {
        guard fits < Self.maximumFits else { return false }
        fits += 1
        dialect.fit(context: context, spent: spent, estimate: estimate)
        return true
    }
}
