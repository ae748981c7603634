internal import Functions
internal import Ledger

/// A function with its types erased: an event in, JSON text out.
struct AnyFunction: Sendable {
    let handlerName: String
    /// What comes of the answer's text.
    let outcome: @Sendable (_ json: String, _ event: Event) -> Outcome
    /// What the answer's text is to a socket.
    let answerForm: DataForm
    let companions: [String]
    let objections: @Sendable (FunctionEntry) -> [String]
    /// Decodes and validates; throws `InvalidInput` or `Problem`.
    let prepare: @Sendable (_ event: Event) throws -> Prepared

    /// An input that is ready to be handled, as often as the store asks for.
    struct Prepared: Sendable {
        let handle: @Sendable (Context) async throws -> String
    }

    init<F: Function>(_ function: F) {
        handlerName = F.handlerName
        outcome = { json, _ in Outcome(status: F.successStatus, json: json) }
        answerForm = DataForm(of: F.Output.self)
        companions = function.companions.map { type(of: $0).handlerName }
        objections = { function.objections(to: $0) }
        let inputForm = DataForm(of: F.Input.self)
        prepare = { event in
            let input = try event.input(F.Input.self, form: inputForm)
            try function.validate(input)
            return Prepared { context in try JSON.encode(await function.handle(input, in: context)) }
        }
    }
}
