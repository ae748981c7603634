internal import Synchronization

/// Records as they were last decoded. A player's is read with every action, and to decode it takes ten times as long as
/// to find it.
///
/// A record is kept with the text that it was decoded from, and given for that text alone: so it is never an older one.
final class DecodedRecords: Sendable {
    /// When it is reached, it starts anew.
    private static let capacity = 4_096
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

    private let entries = Mutex<[Key: Entry]>([:])

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
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[key] = Entry(text: text, record: record)
        }
        return record
    }
}
