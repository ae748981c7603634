/// The handlers that a program brings; the manifest picks from them by name.
public struct FunctionSet: Sendable {
    private var functions: [String: AnyFunction] = [:]

    /// An empty set.
    public init() {}

    /// A set with these functions.
    public init(_ functions: any Function...) {
        for function in functions { add(function) }
    }

    /// Adds a function; one of the same name is replaced.
    public mutating func add(_ function: some Function) {
        let erased = AnyFunction(function)
        functions[erased.handlerName] = erased
    }

    /// The names that a manifest's `handler:` can give, sorted.
    public var names: [String] { functions.keys.sorted() }

    subscript(name: String) -> AnyFunction? { functions[name] }

    /// What a manifest asks for that this set does not have: one line a function, with a suggestion. `file` is the
    /// manifest's name, to stand in front as in a `ManifestProblem`.
    public func missing(from manifest: Manifest, file: String? = nil) -> [String] {
        manifest.functions.filter { functions[$0.handler] == nil }.map { entry in
            let suggestion = nearest(entry.handler, among: names).map { " (did you mean '\($0)'?)" } ?? ""
            let place = file.map { "\($0):\(entry.line)" } ?? "line \(entry.line)"
            return "\(place): function '\(entry.name)': no handler '\(entry.handler)'\(suggestion)"
        }
    }

    /// What keeps functions from working as a manifest asks for them, as ``missing(from:file:)`` tells what is missing.
    public func objections(to manifest: Manifest, file: String? = nil) -> [String] {
        manifest.functions.flatMap { entry in
            (functions[entry.handler]?.objections(entry) ?? []).map { objection in
                let place = file.map { "\($0):\(entry.line)" } ?? "line \(entry.line)"
                return "\(place): function '\(entry.name)': \(objection)"
            }
        }
    }
}
