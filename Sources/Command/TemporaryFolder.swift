internal import FoundationEssentials

/// A folder for as long as a command runs.
struct TemporaryFolder {
    let path: String

    init() throws {
        let place = FileManager.default.temporaryDirectory.path
        let base = "\(place)/gestaloka-\(ProcessInfo.processInfo.processIdentifier)"
        for attempt in 0..<1_000 {
            // Made by nobody else: one that is there already is not taken.
            let made: Void? = try? FileManager.default.createDirectory(
                atPath: "\(base)-\(attempt)", withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700])
            guard made != nil else { continue }
            path = "\(base)-\(attempt)"
            return
        }
        throw UsageError("no folder can be made in \(place)")
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
