/// Opens and copies stores of one kind. Only the program's composition root names one.
public protocol StoreEngine: Sendable {
    /// What its stores are named by, for people: `the path of a file`.
    var names: String { get }

    /// Whether a name can be that of a store of this kind, there or not.
    func knows(_ store: String) -> Bool

    /// Opens a store, making it where there is none.
    func open(_ store: String) throws(StoreError) -> any SharedState

    /// Copies a store, as it is at one moment and while others use it, to a new file for `openSerially`; the last number of
    /// the store's order that the copy has.
    ///
    /// The copy's file is its owner's only. Nothing of what was deleted before, or is given other words, stays in it.
    func copy(_ store: String, to file: String, rewriting: StoreRewriting) throws(StoreError) -> Int64

    /// Waits until the transactions that are under way have ended, whichever process's they are: what is committed from
    /// then on, and is in no copy made before, began after this call. The last number of the store's order then.
    @discardableResult
    func settle(_ store: String) throws(StoreError) -> Int64

    /// Opens a copy for one caller who does one thing after the other.
    func openSerially(_ file: String) throws(StoreError) -> any SerialStore

    /// The path that the files begin with which belong to a store and are no part of it, such as a developer's key; nil
    /// where this machine has no place for any.
    func place(of store: String) -> String?

    /// What whoever runs the store should know of it, a line each.
    func warnings(of store: String) -> [String]

    /// What the engine itself is.
    var about: EngineDescription { get }
}

/// What an engine is.
public struct EngineDescription: Sendable, Equatable {
    /// One word for it.
    public let name: String
    /// The version of its library.
    public let version: String
    /// What is so of that version, and what is not.
    public let facts: [String: Bool]
    /// All that in one line, for people.
    public let line: String

    /// From its parts.
    public init(name: String, version: String, facts: [String: Bool], line: String) {
        self.name = name
        self.version = version
        self.facts = facts
        self.line = line
    }
}

/// What a copy has other words for, as where they are what it must not hold.
public struct StoreRewriting: Sendable {
    /// The keys of rate counters.
    public var rateKey: @Sendable (String) -> String = { $0 }
    /// The keys of kept answers.
    public var answerKey: @Sendable (String) -> String = { $0 }
    /// The texts of kept answers.
    public var answer: @Sendable (String) -> String = { $0 }

    /// None.
    public init() {}
}

/// A store by its name, and the engine that knows it.
public struct Store: Sendable {
    /// As the manifest has it.
    public let name: String
    /// What opens it.
    public let engine: any StoreEngine

    /// The store of a name, of the first engine that knows it.
    public init(_ name: String, of engines: [any StoreEngine]) throws(StoreError) {
        guard let engine = engines.first(where: { $0.knows(name) }) else {
            // Not the whole name: it may have a password.
            let scheme = name.prefix { $0 != ":" }
            throw .unusable(
                .unavailable,
                reason:
                    "there is no engine for the store '\(scheme)://...': a store is \(engines.map(\.names).joined(separator: ", or "))"
            )
        }
        self.name = name
        self.engine = engine
    }

    /// See `StoreEngine`.
    public func open() throws(StoreError) -> any SharedState { try engine.open(name) }

    /// See `StoreEngine`.
    public func copy(to file: String, rewriting: StoreRewriting = StoreRewriting()) throws(StoreError)
        -> Int64
    {
        try engine.copy(name, to: file, rewriting: rewriting)
    }

    /// See `StoreEngine`.
    @discardableResult
    public func settle() throws(StoreError) -> Int64 { try engine.settle(name) }

    /// See `StoreEngine`.
    public var place: String? { engine.place(of: name) }

    /// See `StoreEngine`.
    public var warnings: [String] { engine.warnings(of: name) }
}
