internal import Base
public import Functions
public import Manifest

/// The handlers that a program brings; the manifest picks from them by name.
public struct FunctionSet: Sendable {
    private var functions: [String: AnyFunction] = [:]

    /// An empty set.
    public init() {}

    /// A set with these functions.
    public init(_ functions: any Function...) {
        for function in functions { add(function) }
    }

    /// Adds a function and its companions; one of the same name is replaced.
    public mutating func add(_ function: some Function) {
        let erased = AnyFunction(function)
        functions[erased.handlerName] = erased
        for companion in function.companions { add(companion) }
    }

    /// The names that a manifest's `handler:` can give, sorted.
    public var names: [String] { functions.keys.sorted() }

    subscript(name: String) -> AnyFunction? { functions[name] }

    /// What a manifest asks for that this set does not have: one line a function, with a suggestion. `file` is the
    /// manifest's name, to stand in front as in a `ManifestProblem`.
    public func missing(from manifest: Manifest, file: String? = nil) -> [String] {
        manifest.functions.filter { $0.command.isEmpty && functions[$0.handler] == nil }.map { entry in
            let suggestion = nearest(entry.handler, among: names).map { " (did you mean '\($0)'?)" } ?? ""
            let place = file.map { "\($0):\(entry.line)" } ?? "line \(entry.line)"
            return "\(place): function '\(entry.name)': no handler '\(entry.handler)'\(suggestion)"
        }
    }

    /// The set with the functions of ours that the manifest's triggers need.
    func serving(_ manifest: Manifest) -> FunctionSet {
        var set = self
        for function in manifest.functionsOfTriggers { set.add(function) }
        return set
    }

    /// The manifest with an entry for each companion that it names nowhere, and each function that its triggers need.
    func completing(_ manifest: Manifest) -> Manifest {
        var manifest = manifest
        func add(_ handler: String, _ access: Access) {
            manifest.functions.append(
                FunctionEntry(
                    name: name(of: handler, in: manifest), handler: handler, access: access,
                    limits: Limits(concurrency: ManifestBounds.concurrency.upperBound)))
        }
        for entry in manifest.functions {
            for handler in functions[entry.handler]?.companions ?? []
            where !manifest.functions.contains(where: { $0.handler == handler }) {
                add(handler, entry.access == .none ? .none : .authenticated)
            }
        }
        for function in manifest.functionsOfTriggers { add(type(of: function).handlerName, .none) }
        return manifest
    }

    /// `StoryLedger` is `story-ledger`, where no function of the manifest has that name.
    private func name(of handler: String, in manifest: Manifest) -> String {
        let name = Self.name(ofHandler: handler)
        return manifest.function(named: name) == nil ? name : handler
    }

    /// A handler's name in the manifest's way of writing: `StoryLedger` is `story-ledger`.
    package static func name(ofHandler handler: String) -> String {
        var name = ""
        for character in handler {
            if character.isUppercase, !name.isEmpty { name += "-" }
            name += character.lowercased()
        }
        return name
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
