/// A value of the shared state that functions load and save by its id. Copies of it must be independent of each other:
/// what one invocation has read, the next one may get without it being decoded again.
public protocol StoredRecord: Codable, Sendable {
    /// The kind of record, one word; with the id it names the record.
    static var kind: String { get }
    /// Unique among the records of the kind.
    var id: String { get }
}
