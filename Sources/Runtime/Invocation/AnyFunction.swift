internal import FoundationEssentials

/// A function with its types erased: bytes in, JSON text out.
struct AnyFunction: Sendable {
    let handlerName: String
    let successStatus: Int
    let objections: @Sendable (FunctionEntry) -> [String]
    /// Decodes and validates; throws `InvalidInput` or `Problem`.
    let prepare: @Sendable (_ data: [UInt8]) throws -> Prepared

    /// An input that is ready to be handled, as often as the store asks for.
    struct Prepared: Sendable {
        let handle: @Sendable (Context) async throws -> String
    }

    init<F: Function>(_ function: F) {
        handlerName = F.handlerName
        successStatus = F.successStatus
        objections = { function.objections(to: $0) }
        prepare = { data in
            let input = try JSON.decode(F.Input.self, from: data)
            try function.validate(input)
            return Prepared { context in try JSON.encode(await function.handle(input, in: context)) }
        }
    }
}
