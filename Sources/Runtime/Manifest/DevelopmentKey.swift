internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Identity

/// The signing key of a developer's machine, made once and kept beside the store with mode 0600.
enum DevelopmentKey {
    static func readOrMake(beside store: String) throws(StartError) -> String {
        let path = store + ".key"
        if let key = try read(path) { return key }
        guard let bytes = Cryptography.secretBytes(32) else {
            throw .developmentKey(path: path, reason: "no random bytes")
        }
        try make(path, Base64.encode(url: bytes))
        // Another process may have been first: what is in the file counts.
        guard let kept = try read(path) else {
            throw .developmentKey(path: path, reason: "it vanished as soon as it was made")
        }
        return kept
    }

    /// The key of a file that is there. Throws where others than its owner could have chosen it, or where it is none.
    private static func read(_ path: String) throws(StartError) -> String? {
        // Not to wait for what is a pipe.
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            let reason =
                errno == ELOOP
                ? "it is a link; put the key itself there, or set SECRET_KEY"
                : SystemError.words()
            throw .developmentKey(path: path, reason: reason)
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .developmentKey(path: path, reason: "it is no file")
        }
        guard status.st_mode & 0o022 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .developmentKey(
                path: path,
                reason: "others can write it, and so sign in as anybody; delete it, and a new one is made")
        }
        var bytes = [UInt8](repeating: 0, count: 4_097)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard (Settings.minimumKeyLength...4_096).contains(count) else {
            throw .developmentKey(path: path, reason: "it is there, but it is not a key")
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self).trimmingSuffix(while: \.isNewline)
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
        let draft = "\(path).\(Base64.encode(url: suffix))"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .developmentKey(path: path, reason: SystemError.words())
        }
        defer { unsafe unlink(draft) }
        let text = Array((key + "\n").utf8)
        let isWritten = unsafe write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten else { throw .developmentKey(path: path, reason: "it cannot be written") }
        guard unsafe link(draft, path) == 0 || errno == EEXIST else {
            throw .developmentKey(path: path, reason: SystemError.words())
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
