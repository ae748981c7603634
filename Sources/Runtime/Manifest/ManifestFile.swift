import FoundationEssentials
internal import Functions

/// Reads a manifest's bytes from disk, with a clear problem for whatever stands in the way.
enum ManifestFile {
    static func read(_ path: String) throws(ManifestError) -> [UInt8] {
        func refused(_ message: String) -> ManifestError {
            ManifestError(problem: message, at: .start, file: path)
        }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw refused("this is not a path") }
        // Attributes are those of a link itself, and configuration is often mounted as a link.
        let resolved = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else {
            throw refused("there is no such file")
        }
        switch attributes[.type] as? FileAttributeType {
        case .typeRegular: break
        case .typeDirectory: throw refused("this is a directory, not a manifest")
        default: throw refused("this is not a regular file")
        }
        // Asked for before reading, so that a huge file is refused without being loaded.
        if let size = attributes[.size] as? Int, size > ManifestBounds.fileBytes {
            throw refused("the file is larger than \(UnitTable.sizes.text(ManifestBounds.fileBytes))")
        }
        guard let data = FileManager.default.contents(atPath: resolved) else {
            throw refused("the file cannot be read")
        }
        return Array(data)
    }
}
