internal import Ledger

/// The store's one order, as the writer counts it: numbers are taken from memory, and written back once a transaction.
struct Order {
    /// The last number that was given out.
    private(set) var last: Int64
    /// Numbers up to this one have been told to the observer.
    var told: Int64
    /// Up to this number all is in the store's file: to be written with the next commit (StoreIdentity).
    var copied: Int64?
    private var stored: Int64
    private let read: Statement
    private let write: Statement

    init(_ database: Database) throws(StoreError) {
        read = Statement(database, "SELECT number FROM sequence")
        // The count has the row differ: SQLite writes no page that an UPDATE leaves as it is.
        write = Statement(
            database,
            "UPDATE sequence SET number = ?1, copied = coalesce(?2, copied), commits = commits + 1")
        last = try read.first { $0.integer(0) } ?? 0
        stored = last
        told = last
    }

    /// Whether numbers have been given out that are not written back.
    var isChanged: Bool { last != stored }

    /// Takes the next number.
    mutating func next() -> Int64 {
        last += 1
        return last
    }

    /// Gives back what was taken since `number` was the last, and names nothing any more: the order has no holes.
    mutating func takeBack(to number: Int64) { last = number }

    /// Begins where the store is; whether another process has gone on since.
    mutating func begin() throws(StoreError) -> Bool {
        let before = stored
        last = try read.first { $0.integer(0) } ?? 0
        stored = last
        return last != before
    }

    /// Writes the last number back, to be committed.
    func writeBack() throws(StoreError) {
        try write.run(.integer(last), copied.map { .integer($0) } ?? .null)
    }

    /// What was written back is committed.
    mutating func isStored() {
        stored = last
        copied = nil
    }
}
