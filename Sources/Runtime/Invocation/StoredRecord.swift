/// A value of the shared state that functions load and save by its id.
public protocol StoredRecord: Codable, Sendable {
    /// The kind of record, one word; with the id it names the record.
    static var kind: String { get }
    /// Unique among the records of the kind.
    var id: String { get }
}
