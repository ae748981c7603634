internal import Runtime

/// What of a manifest is the business of a program that has one function.
struct OwnEntry {
    let entry: FunctionEntry
    /// The whole manifest, which knows what an event's name stands for.
    let manifest: Manifest
    /// The manifest with this function alone, and those that it calls.
    let alone: Manifest

    /// Finds the entry: the first of `names` that is a function with this handler, or else the only one that has it.
    init(
        of handler: String, beside functions: FunctionSet, in manifest: Manifest, file: String,
        names: [String]
    ) throws(OwnEntryError) {
        let own = manifest.functions.filter { $0.handler == handler }
        let named = names.lazy.compactMap { name in own.first { $0.name == name } }.first
        guard let entry = named ?? (own.count == 1 ? own.first : nil) else {
            throw own.isEmpty ? .none(handler, file) : .several(own.map(\.name), handler, file)
        }
        self.entry = entry
        self.manifest = manifest
        let called = Set(functions.names).subtracting([handler])
        var alone = manifest
        alone.functions = manifest.functions.filter { $0.name == entry.name || called.contains($0.handler) }
        self.alone = alone
    }

    /// The manifest with this function alone, started by its HTTP routes and by nothing else.
    var routes: Manifest {
        var manifest = alone
        manifest.sockets.path = ""
        for index in manifest.functions.indices {
            let isOwn = manifest.functions[index].name == entry.name
            manifest.functions[index].triggers.removeAll { trigger in
                if case .http = trigger { !isOwn } else { true }
            }
        }
        return manifest
    }
}

/// Why a manifest does not say which function a program is.
enum OwnEntryError: Error, Equatable, CustomStringConvertible {
    case none(_ handler: String, _ file: String)
    case several(_ names: [String], _ handler: String, _ file: String)

    var description: String {
        switch self {
        case .none(let handler, let file): "\(file) has no function with the handler '\(handler)'"
        case .several(let names, let handler, let file):
            "\(file) has several functions with the handler '\(handler)': call the program function-NAME, or set AWS_LAMBDA_FUNCTION_NAME, for one of \(names.joined(separator: ", "))"
        }
    }
}
