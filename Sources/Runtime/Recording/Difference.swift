public struct Difference: Sendable, Equatable {
    public let path: String
    public let recorded: String?
    public let replayed: String?
    public func text(colours: Bool) -> String { "\(path)\n  - \(recorded ?? "")\n  + \(replayed ?? "")" }
    public static func between(_ recorded: String, _ replayed: String, at path: String, limit: Int = 100) -> [Difference] {
        recorded == replayed ? [] : [Difference(path: path, recorded: recorded, replayed: replayed)]
    }
}
