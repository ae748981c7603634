internal import FoundationEssentials
internal import Glibc
internal import Store

/// The signing key of a developer's machine, made once and kept beside the store with mode 0600.
enum DevelopmentKey {
    static func readOrMake(beside store: String) throws(StartError) -> String {
        let path = store + ".key"
        if let key = read(path) { return key }
        guard let bytes = Cryptography.secretBytes(32) else {
            throw .developmentKey(path: path, reason: "no random bytes")
        }
        try make(path, Base64URL.encode(bytes))
        // Another process may have been first: what is in the file counts.
        guard let kept = read(path) else {
            throw .developmentKey(path: path, reason: "it is there, but it is not a key")
        }
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
                atPath: String(path[..<slash]), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        // Nobody else's name, not even another thread's: what is linked must never be written again.
        guard let suffix = Cryptography.secretBytes(8) else {
            throw .developmentKey(path: path, reason: "no random bytes")
        }
        let draft = "\(path).\(Base64URL.encode(suffix))"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .developmentKey(path: path, reason: unsafe String(cString: strerror(errno)))
        }
        defer { unsafe unlink(draft) }
        let text = Array((key + "\n").utf8)
        let isWritten = unsafe write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten else { throw .developmentKey(path: path, reason: "it cannot be written") }
        guard unsafe link(draft, path) == 0 || errno == EEXIST else {
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
