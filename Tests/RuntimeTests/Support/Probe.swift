import Runtime

/// A function that does what a test says.
struct Probe: Function {
    struct Input: Decodable, Sendable {
        let text: String
        let count: Int?
        let kind: Kind?
        let deep: JSONValue?
    }

    enum Kind: String, Decodable, Sendable { case small, large }

    static let successStatus = 202
    let body: @Sendable (Input, Context) async throws -> [String: String]

    init(_ body: @escaping @Sendable (Input, Context) async throws -> [String: String] = { _, _ in [:] }) {
        self.body = body
    }

    func validate(_ input: Input) throws(InvalidInput) {
        if input.text.isEmpty { throw InvalidInput("/text", "must not be empty") }
    }

    func handle(_ input: Input, in context: Context) async throws -> [String: String] {
        try await body(input, context)
    }
}

struct Counter: StoredRecord, Equatable {
    static let kind = "counter"
    let id: String
    var value: Int
}

extension FunctionEntry {
    static func probe(_ access: Access = .authenticated, per: RateScope? = nil, _ limits: Limits = Limits())
        -> FunctionEntry
    {
        FunctionEntry(name: "probe", handler: "Probe", access: access, per: per, limits: limits)
    }
}
