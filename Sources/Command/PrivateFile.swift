internal import FoundationEssentials

/// Files that say who played what, as the recordings do that they come from: their owner's alone.
enum PrivateFile {
    /// Writes a file whole, or throws. It has mode 0600 from the beginning, also where another one was there before.
    static func write(_ text: String, to path: String) throws {
        let draft = path + ".partial"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: draft, contents: Data(text.utf8), attributes: attributes)
        else { throw CocoaError(.fileWriteUnknown) }
        try FileManager.default.setAttributes(attributes, ofItemAtPath: draft)
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        try FileManager.default.moveItem(atPath: draft, toPath: path)
    }
}
