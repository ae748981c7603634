/// The protocol's own errors, with its texts and codes.
enum EngineIOFault: Int {
    case unknownTransport = 0
    case unknownSession = 1
    case badHandshakeMethod = 2
    case badRequest = 3
    case forbidden = 4
    case unsupportedVersion = 5

    private var message: String {
        switch self {
        case .unknownTransport: "Transport unknown"
        case .unknownSession: "Session ID unknown"
        case .badHandshakeMethod: "Bad handshake method"
        case .badRequest: "Bad request"
        case .forbidden: "Forbidden"
        case .unsupportedVersion: "Unsupported protocol version"
        }
    }

    var status: Int { self == .forbidden ? 403 : 400 }

    var json: String { #"{"code":\#(rawValue),"message":"\#(message)"}"# }
}
