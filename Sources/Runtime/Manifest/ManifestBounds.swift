/// Every bound of a manifest, together: how large the file may be, and the ranges of its values.
///
/// Durations are in milliseconds and sizes in bytes, as ``UnitTable`` reads them.
enum ManifestBounds {
    /// The file, in bytes.
    static let fileBytes = 1 << 20
    /// Mappings and lists inside each other.
    static let depth = 16
    /// Mappings, lists and scalars, keys included.
    static let nodes = 10_000
    /// Problems that one error carries.
    static let problems = 20
    /// One value after its environment variables are put in, in bytes.
    static let textBytes = 4096
    /// A value quoted in a message, in characters.
    static let quoted = 60

    static let handlerBytes = 128
    static let pathBytes = 1024
    static let eventCharacters = 128
    static let batch = 1...256
    static let rates = 4
    static let rateCount = 1...1_000_000_000
    /// In seconds.
    static let rateWindow = 1...30 * 86_400
    /// In seconds; below a minute one answer of a model would be more than any budget.
    static let tokenWindow = 60...30 * 86_400

    static let timeout = 1...15 * 60_000
    static let body = 0...16 << 20
    static let memory = 1 << 20...64 << 30
    static let concurrency = 1...65_536

    /// Of one issuer.
    static let keys = 8
    static let keyIDBytes = 128

    /// `host:port`, and an origin.
    static let hostBytes = 300
    static let port = 1...65_535
    /// Of one function.
    static let hosts = 64
    static let origins = 64

    static let ping = 100...600_000
    static let sendQueue = 64 << 10...64 << 20
    static let namespaceBytes = 128
    static let websockets = 64
    static let memberBytes = 128
    static let subprotocols = 16
    static let subprotocolBytes = 128
    static let maxPayload = 1_024...16 << 20
    static let recoveryWindow = 0...86_400_000
}
