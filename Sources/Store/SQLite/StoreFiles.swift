internal import Base
internal import Glibc
internal import Ledger

/// A store's files: the database, its write-ahead log, and the log's index.
package struct StoreFiles: Sendable {
    /// As it was given: what errors name.
    let given: String
    /// Without symbolic links. SQLite keeps the log beside the file that a link names, not beside the link.
    let path: String

    /// Where SQLite keeps the write-ahead log.
    package var log: String { path + "-wal" }
    var index: String { path + "-shm" }

    /// The files of the store at `path`, which need not be there.
    package init(_ path: String) {
        given = path
        let file = Self.followed(path)
        if let real = Self.resolved(file) {
            self.path = real
        } else {
            let (folder, name) = Self.parts(file)
            self.path = Self.resolved(folder).map { ($0 == "/" ? "" : $0) + "/" + name } ?? file
        }
    }

    /// Refuses a log whose database is missing or empty: SQLite would take it for a leftover, and delete it.
    func refuseLogAlone() throws(StoreError) {
        // The log first: a store that another process is just making has its file before it.
        guard Self.size(log) ?? 0 > 0, Self.size(path) ?? 0 == 0 else { return }
        throw .logWithoutStore(path: given)
    }

    /// Makes the folder.
    func makeFolder() throws(StoreError) {
        for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
            let result = unsafe mkdir(String(path[..<index]), 0o700)
            guard result == 0 || errno == EEXIST else {
                throw .cannotOpen(path: given, reason: SystemError.words())
            }
        }
    }

    /// Makes an empty file with mode 0600, so that SQLite's own files get that mode too.
    func makeFile() throws(StoreError) {
        // Never opens a file that is there: to close it again would drop the POSIX locks that another connection of
        // this process holds on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno == EEXIST else { throw .cannotOpen(path: given, reason: SystemError.words()) }
            // SQLite takes a file of a few bytes for an empty database, and would write over it.
            if (1..<512).contains(Self.size(path) ?? 0) { throw .notAStore(path: given) }
            return
        }
        close(descriptor)
    }

    /// A regular file's size; nil where there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// A path's folder and its last name.
    static func parts(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }

    /// Where symbolic links lead, also where nothing is there yet.
    private static func followed(_ path: String) -> String {
        var path = path
        // As many as the kernel follows (path_resolution(7)).
        for _ in 0..<40 {
            var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = unsafe readlink(path, &bytes, bytes.count)
            guard count > 0 else { break }
            let target = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = target.first == "/" ? target : parts(path).folder + "/" + target
        }
        return path
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}

/// Which files a store had when it was opened, to see whether they are still where they were.
struct OpenedFiles: Sendable {
    private struct File: Sendable, Equatable {
        let path: String
        let device: dev_t
        let inode: ino_t
    }

    private let files: [File]

    /// Looks at the files of an open store, which has them all.
    init(_ files: StoreFiles) throws(StoreError) {
        var found: [File] = []
        // By the path that was given: a link may be made to name another store.
        for path in [files.given, files.log, files.index] {
            guard let file = Self.file(path) else { throw .replaced(path: path) }
            found.append(file)
        }
        self.files = found
    }

    /// A file that is gone, or another one by now. What was written to the old one is lost with it.
    var lost: String? { files.first { Self.file($0.path) != $0 && Self.isKnown() }?.path }

    private static func file(_ path: String) -> File? {
        errno = 0
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return File(path: path, device: status.st_dev, inode: status.st_ino)
    }

    /// Whether the last look told anything: to be kept from looking does not mean that the file is gone.
    private static func isKnown() -> Bool { [0, ENOENT, ENOTDIR, ELOOP].contains(errno) }
}
