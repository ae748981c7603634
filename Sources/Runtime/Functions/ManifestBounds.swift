/// Every bound of a manifest, together: how large the file may be, and the ranges of its values.
///
/// Durations are in milliseconds and sizes in bytes, as ``UnitTable`` reads them.
package enum ManifestBounds {
    /// The file, in bytes.
    package static let fileBytes = 1 << 20
    /// Mappings and lists inside each other.
    package static let depth = 16
    /// Mappings, lists and scalars, keys included.
    package static let nodes = 10_000
    /// Problems that one error carries.
    package static let problems = 20
    /// One value after its environment variables are put in, in bytes.
    package static let textBytes = 4096
    /// A value quoted in a message, in characters.
    static let quoted = 60

    package static let handlerBytes = 128
    package static let pathBytes = 1024
    package static let eventCharacters = 128
    package static let batch = 1...256
    static let rates = 4
    static let rateCount = 1...1_000_000_000
    /// In seconds.
    static let rateWindow = 1...30 * 86_400
    /// In seconds; below a minute one answer of a model would be more than any budget.
    static let tokenWindow = 60...30 * 86_400

    package static let timeout = 1...15 * 60_000
    package static let body = 0...16 << 20
    package static let memory = 1 << 20...64 << 30
    package static let concurrency = 1...65_536
    /// CPU time of an invocation.
    package static let cpu = 1...15 * 60_000
    package static let files = 16...65_536
    package static let processes = 1...1_024
    package static let output = 0...64 << 20
    package static let response = 0...64 << 20
    package static let temporary = 0...64 << 30

    /// Processes of one function.
    package static let instances = 1...64
    package static let warm = 0...64
    package static let instanceConcurrency = 1...1_000
    package static let idleTime = 1_000...86_400_000
    package static let maximumInvocations = 1...1_000_000_000
    package static let maximumAge = 1_000...30 * 86_400_000
    /// Of a command.
    package static let words = 64
    package static let wordBytes = 4_096

    /// Of one issuer.
    package static let keys = 8
    package static let keyIDBytes = 128

    /// `host:port`, and an origin.
    package static let hostBytes = 300
    package static let port = 1...65_535
    /// Of one function.
    package static let hosts = 64
    package static let origins = 64

    package static let ping = 100...600_000
    package static let sendQueue = 64 << 10...64 << 20
    package static let namespaceBytes = 128
    package static let websockets = 64
    package static let memberBytes = 128
    package static let subprotocols = 16
    package static let subprotocolBytes = 128
    package static let maxPayload = 1_024...16 << 20
    package static let recoveryWindow = 0...86_400_000
}
