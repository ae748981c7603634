internal import FoundationEssentials

/// A store's files as the file system has them.
enum StoreFile {
    /// Who may read them beside their owner, in one line a file; nothing for files that are not there. A store that is
    /// made here is its owner's alone, but one that was copied or restored may be anybody's.
    static func warnings(_ path: String) -> [String] {
        // What counts is the file that a link names.
        let path = URL(filePath: path).resolvingSymlinksInPath().path
        return [path, path + "-wal"].compactMap { file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            // A number whose type depends on which Foundation the process has.
            guard let mode = attributes?[.posixPermissions].flatMap({ Int("\($0)") }) else { return nil }
            let others =
                switch (mode & 0o044 != 0, mode & 0o022 != 0) {
                case (true, true): "read and write"
                case (true, false): "read"
                case (false, true): "write"
                case (false, false): ""
                }
            return others.isEmpty ? nil : "others can \(others) \(file): chmod 600 \(file)"
        }
    }
}
