/// Why functions cannot be served.
public enum EngineError: Error, Sendable, CustomStringConvertible {
    /// The manifest names handlers that the program does not bring: one line each.
    case missingHandlers([String])
    /// Functions that cannot work as the manifest asks for them: one line each.
    case objections([String])

    /// The lines.
    public var description: String {
        switch self {
        case .missingHandlers(let lines), .objections(let lines): lines.joined(separator: "\n")
        }
    }
}
