internal import Base
internal import Runtime

/// Which function a request is for: the manifest's triggers of the kind `http`.
struct HTTPRoutes: Sendable {
    enum Match {
        case function(FunctionEntry)
        /// The path is known, with these methods.
        case otherMethods([String])
        /// Nothing is bound to the path; the nearest one that is.
        case nothing(suggestion: String?)
    }

    private var paths: [String: [String: FunctionEntry]] = [:]
    /// What a path that nothing is bound to was perhaps meant to be.
    private let meant: Suggestions

    init(_ functions: [FunctionEntry]) {
        for entry in functions {
            for case .http(let method, let path) in entry.triggers {
                paths[path, default: [:]][method] = entry
            }
        }
        meant = Suggestions(paths.keys.sorted())
    }

    func match(method: String, path: String) -> Match {
        guard let methods = paths[path] else { return .nothing(suggestion: meant.nearest(to: path)) }
        // HEAD is answered by what answers GET (RFC 9110 section 9.3.2).
        if let entry = methods[method] ?? (method == "HEAD" ? methods["GET"] : nil) {
            return .function(entry)
        }
        return .otherMethods(Self.methods(of: methods))
    }

    /// What a path takes; nil where nothing is bound to it.
    func methods(at path: String) -> [String]? { paths[path].map(Self.methods) }

    /// What any path takes.
    var allMethods: [String] {
        Set(paths.values.flatMap(Self.methods)).union(["GET", "HEAD", "POST"]).sorted()
    }

    private static func methods(of bound: [String: FunctionEntry]) -> [String] {
        bound.keys.sorted() + (bound["GET"] == nil ? [] : ["HEAD"])
    }

    /// Whether a function is bound to a path.
    func hasPath(_ path: String) -> Bool { paths[path] != nil }

    /// The largest body that any function takes.
    var largestBody: Int { paths.values.flatMap(\.values).map(\.limits.body).max() ?? 0 }
}
