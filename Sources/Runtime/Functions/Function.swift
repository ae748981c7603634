/// A stateless request handler: the whole contract between a function and the runtime.
///
/// One value serves all invocations, concurrently; it holds no state of its own. `handle` is called once an
/// invocation, after size, authentication, permission, rate, concurrency, decoding and `validate` have passed, and
/// again on the new state when something it read was changed meanwhile: so whatever it does to the world must go
/// through `Context`, whose writes are buffered and applied in one transaction after it returns.
///
/// Throwing changes nothing; to throw `RunAgain` is to ask for a further run. A `Problem` becomes the answer, an `InvalidInput` a 422, `StoreError` a 503 or 507, any
/// other error a 500. When the deadline passes the task is cancelled and the answer is 504, whatever `handle`
/// returns afterwards.
public protocol Function: Sendable {
    /// What the event's data decodes to.
    ///
    /// A Socket.IO event with one argument brings that one. ``Arguments`` (or ``AnyArguments``) take any number; to any
    /// other type no argument is null where it takes that, as an optional does, and otherwise an empty object, and
    /// several arguments are a 422. ``Nothing`` takes whatever comes, and ``PlainText`` the text of a plain WebSocket.
    associatedtype Input: Decodable & Sendable
    /// What the answer is encoded from. An acknowledgement has it as its one argument, ``Arguments`` as each of them; a
    /// plain WebSocket gets JSON, but the bytes of a ``Binary`` and the text of a ``PlainText``.
    associatedtype Output: Encodable & Sendable

    /// The name that a manifest's `handler:` gives; the type's own name where not overridden.
    static var handlerName: String { get }

    /// The HTTP status of a success, 200 where not overridden.
    static var successStatus: Int { get }

    /// Functions that this one calls (`Context.call`). They need no place in a manifest: where it has none for them they
    /// run without triggers, under the handler's name in the manifest's way of writing. Nothing where not overridden.
    var companions: [any Function] { get }

    /// What keeps this function from working as a manifest asks for it, one line each: `check` prints it and `serve`
    /// refuses to start. Nothing where not overridden. Never a key or a token.
    func objections(to entry: FunctionEntry) -> [String]

    /// Checks what decoding cannot. Called before `handle`, outside its deadline.
    func validate(_ input: Input) throws(InvalidInput)

    /// Does the work.
    func handle(_ input: Input, in context: Context) async throws -> Output
}

extension Function {
    public static var handlerName: String { String(describing: Self.self) }
    public static var successStatus: Int { 200 }
    public var companions: [any Function] { [] }
    public func objections(to entry: FunctionEntry) -> [String] { [] }
    public func validate(_ input: Input) throws(InvalidInput) {}
}

/// Input that decodes but may not be used: a 422.
public struct InvalidInput: Error, Sendable, Equatable {
    /// A JSON Pointer (RFC 6901) to the field, empty for the whole input.
    public let pointer: String
    /// What is wrong, fit for the caller; never the value itself.
    public let detail: String

    /// A complaint about one field.
    public init(_ pointer: String, _ detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

/// An input or output with nothing in it. As input it accepts whatever comes.
public struct Nothing: Codable, Sendable {
    /// Nothing.
    public init() {}
    /// Accepts any value.
    public init(from decoder: any Decoder) {}
    /// Writes an empty object.
    public func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: NoKeys.self) }

    private enum NoKeys: CodingKey {}
}
