/// What was had before, so that it need not be had again. It starts anew when it is full: that costs what it would have
/// cost without it, and keeps no order of use.
package struct BoundedCache<Key: Hashable, Value> {
    /// How many values it may have.
    package let capacity: Int
    private var values: [Key: Value] = [:]

    /// An empty one.
    package init(capacity: Int) { self.capacity = capacity }

    /// How many values it has.
    package var count: Int { values.count }

    /// The value of a key.
    package subscript(key: Key) -> Value? { values[key] }

    /// Keeps a value.
    package mutating func keep(_ value: Value, for key: Key) {
        if values.count >= capacity { values.removeAll(keepingCapacity: true) }
        values.updateValue(value, forKey: key)
    }

    /// Forgets one.
    package mutating func forget(_ key: Key) { values.removeValue(forKey: key) }

    /// Forgets all.
    package mutating func forgetAll() { values.removeAll(keepingCapacity: true) }
}

extension BoundedCache: Sendable where Key: Sendable, Value: Sendable {}
