internal import Base
internal import Synchronization

/// Records as they were last decoded. One that is read with every call takes ten times as long to
/// decode as to find.
///
/// A record is kept with the text that it was decoded from, and given for that text alone: so it is never an older one.
package final class DecodedRecords: Sendable {
    /// Of longer texts, in bytes, nothing is kept.
    private static let maximumText = 2_048

    private struct Key: Hashable {
        let type: ObjectIdentifier
        let id: String
    }

    private struct Entry {
        let text: String
        let record: any StoredRecord
    }

    private let entries = Mutex(BoundedCache<Key, Entry>(capacity: 4_096))

    package init() {}

    /// The record that `text` encodes. Throws where it encodes none of this type.
    func decode<R: StoredRecord>(_ type: R.Type, _ id: String, text: String) throws -> R {
        // Two invocations must not share an object: one may change it.
        guard !(type is any AnyObject.Type), text.utf8.count <= Self.maximumText else {
            return try JSON.decode(type, text: text)
        }
        let key = Key(type: ObjectIdentifier(type), id: id)
        if let entry = entries.withLock({ $0[key] }), entry.text == text, let record = entry.record as? R {
            return record
        }
        let record = try JSON.decode(type, text: text)
        entries.withLock { $0.keep(Entry(text: text, record: record), for: key) }
        return record
    }
}
