internal import Net
internal import Wire

/// Why no traffic is sent at all.
enum AgainstError: Error, Equatable, CustomStringConvertible {
    /// The URL cannot be used; says what is wrong with it.
    case badURL(String, String)
    /// The host is not this machine, and nobody said that it may be another one.
    case notLoopback(String)
    /// Nobody answers there.
    case unreachable(String, String)
    /// The speed is no positive number, or far out of range.
    case badSpeed
    /// Nothing of the recording came over HTTP or a socket.
    case nothingToSend
    /// The machine gives no thread or descriptor.
    case system(String)

    var description: String {
        switch self {
        case .badURL(let url, let reason): "'\(url)' \(reason)"
        case .notLoopback(let name):
            "'\(name)' is not this machine: a load test of another host must be allowed explicitly"
        case .unreachable(let authority, let reason): "nobody answers at \(authority): \(reason)"
        case .badSpeed: "the speed must be a factor from 0.001 to 1000"
        case .nothingToSend: "nothing in the recording came over HTTP or a socket, or is asked for"
        case .system(let reason): reason
        }
    }
}

/// Why one event could not be sent, or was not answered.
enum TrafficFailure: Error, Equatable, CustomStringConvertible {
    case cannotConnect(String)
    /// The connection was not there within the limit.
    case connectTimeout(Duration)
    /// No answer came within the limit.
    case answerTimeout(Duration)
    /// The peer took nothing more within the limit.
    case sendTimeout
    /// The peer ended the connection before it answered.
    case closed
    /// The peer sent what is not of the protocol.
    case badAnswer(String)
    /// The socket that the event belongs to was refused.
    case refused(String)
    /// There is no token for this caller.
    case noToken(String)
    /// The event is not one that can be sent.
    case badEvent(String)

    var description: String {
        switch self {
        case .cannotConnect(let reason): "cannot connect: \(reason)"
        case .connectTimeout(let limit): "no connection within \(limit)"
        case .answerTimeout(let limit): "no answer within \(limit)"
        case .sendTimeout: "the host reads nothing more"
        case .closed: "the host closed the connection before it answered"
        case .badAnswer(let reason): "the answer cannot be read: \(reason)"
        case .refused(let reason): "the socket was refused: \(reason)"
        case .noToken(let subject): "there is no token for '\(subject)'"
        case .badEvent(let reason): "the recorded event cannot be sent: \(reason)"
        }
    }

    /// Why there is no connection.
    init(connecting error: ConnectionError, within limit: Duration) {
        self = error == .timeout ? .connectTimeout(limit) : .cannotConnect(error.description)
    }

    /// Why something could not be sent.
    init(sending error: ConnectionError) {
        self = error == .timeout ? .sendTimeout : .closed
    }

    /// Why a response cannot be read.
    init(_ error: HTTPResponseError) {
        self = error == .cut ? .closed : .badAnswer(error.description)
    }

    /// The same for every caller, so that failures can be counted.
    var reason: String {
        if case .noToken = self { "there is no token for the player" } else { description }
    }
}
