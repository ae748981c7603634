internal import Base
internal import Glibc

/// Why there is no connection, or none any more.
package enum ConnectionError: Error, Equatable, CustomStringConvertible {
    /// The host's name has no address; the system's words for it.
    case nameNotFound(String)
    /// The address does not answer: the system's number (errno(3)).
    case unreachable(Int32)
    /// TLS does not come about: most often the certificate is not one of the host, or of nobody that is trusted.
    case insecure
    case timeout
    case cancelled
    /// It broke.
    case broken

    /// Nothing listens there.
    package static let refused = ConnectionError.unreachable(ECONNREFUSED)

    package var description: String {
        switch self {
        case .nameNotFound(let words): words
        case .unreachable(let code): SystemError.words(code)
        case .insecure: "no TLS"
        case .timeout: "too late"
        case .cancelled: "cancelled"
        case .broken: "it broke"
        }
    }
}
