internal import FoundationEssentials
internal import Glibc
internal import Store

/// The signing key of a developer's machine, made once and kept beside the store with mode 0600.
enum DevelopmentKey {
    static func readOrMake(beside store: String) throws(StartError) -> String {
        let path = store + ".key"
        if let key = read(path) { return key }
        guard let bytes = Cryptography.randomBytes(32) else {
            throw .developmentKey(path: path, reason: "no random bytes")
        }
        let key = bytes.map { byte in
            let digits = Array("0123456789abcdef")
            return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
        }.joined()
        try make(path, key)
        // Another process may have been first: what is in the file counts.
        guard let kept = read(path) else { throw .developmentKey(path: path, reason: "it is empty") }
        return kept
    }

    private static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path), data.count >= Settings.minimumKeyLength,
            data.count <= 4_096
        else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingSuffix(while: \.isNewline)
    }

    /// Written whole under another name, then linked: a reader never sees half a key, and the first one stays.
    private static func make(_ path: String, _ key: String) throws(StartError) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try? FileManager.default.createDirectory(
                atPath: String(path[..<slash]), withIntermediateDirectories: true)
        }
        let draft = "\(path).\(getpid())"
        defer { unsafe unlink(draft) }
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .developmentKey(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        let text = Array((key + "\n").utf8)
        let written = unsafe write(descriptor, text, text.count)
        close(descriptor)
        guard written == text.count, unsafe link(draft, path) == 0 || errno == EEXIST else {
            throw .developmentKey(path: path, reason: unsafe String(cString: strerror(errno)))
        }
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return String(self[..<end])
    }
}
