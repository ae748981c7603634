internal import Base
internal import Glibc

/// Why a host cannot serve.
public enum HostError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Somebody listens there already.
    case addressInUse(host: String, port: Int)
    /// The address is not one of this machine's, or cannot be read.
    case badAddress(host: String, port: Int, reason: String)
    /// A system call failed.
    case call(name: String, reason: String)

    package static func system(_ name: String, _ code: Int32) -> HostError {
        .call(name: name, reason: SystemError.words(code))
    }

    /// One line, with what to do where that is known.
    public var description: String {
        switch self {
        case .addressInUse(let host, let port):
            "\(host):\(port) is in use: another process listens there (choose another with --port)"
        case .badAddress(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        case .call(let name, let reason): "\(name): \(reason)"
        }
    }
}
