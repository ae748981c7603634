internal import Base

/// The fields of a header section in the order in which they were received or added.
///
/// Names compare without regard to the case of ASCII letters (RFC 9110 5.1).
public struct HTTPHeaders: Sendable, Equatable {
    /// One field line.
    public struct Field: Sendable, Equatable {
        /// The name as received, its case kept.
        public let name: String
        /// The value without the blanks around it.
        public let value: String

        /// A field as it is to be sent.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Every field line, in order.
    public private(set) var fields: [Field]

    /// No fields.
    public init() {
        fields = []
    }

    /// The named values in this order.
    public init(_ fields: [(String, String)]) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// Adds a field behind the others; one of the same name stays.
    public mutating func add(_ name: String, _ value: String) {
        // Room for what a message usually has.
        if fields.capacity < 16 { fields.reserveCapacity(16) }
        fields.append(Field(name: name, value: value))
    }

    /// The value of a field; those of a repeated field joined with ", " in order (RFC 9110 5.3).
    public subscript(name: String) -> String? {
        var value: String?
        let fields = fields.span
        for index in fields.indices where ASCII.equalIgnoringCase(fields[index].name, name) {
            value = value.map { $0 + ", " + fields[index].value } ?? fields[index].value
        }
        return value
    }

    /// The values of a field, one for each line on which it stands.
    public func values(_ name: String) -> [String] {
        fields.filter { ASCII.equalIgnoringCase($0.name, name) }.map(\.value)
    }

    /// Whether the comma-separated list of a field (`Connection`, `Upgrade`) has this element, in any case.
    public func contains(_ element: String, inList name: String) -> Bool {
        for field in fields where ASCII.equalIgnoringCase(field.name, name) {
            if ASCII.equalIgnoringCase(field.value, element) { return true }
            for candidate in HTTPGrammar.listElements(field.value)
            where ASCII.equalIgnoringCase(String(candidate), element) {
                return true
            }
        }
        return false
    }
}
