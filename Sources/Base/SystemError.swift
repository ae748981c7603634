public import Glibc

/// A call of the system that failed.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was called, or what could not be had.
    public let call: String
    /// The system's number (errno(3)).
    public let code: Int32

    /// The failure of a call; of the last one, unless its number is given.
    public init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    /// One line: the call and the system's words.
    public var description: String { "\(call): \(Self.words(code))" }

    /// The system's words for a number (strerror(3)); for the last one, unless it is given.
    public static func words(_ code: Int32 = errno) -> String { unsafe String(cString: strerror(code)) }
}
