internal import FoundationEssentials
internal import Functions
internal import Glibc
internal import Ledger
internal import Synchronization

/// Tells other processes that what happens to a store is recorded, and how: a file beside the store with the recording's
/// terms, which is locked (flock(2)) for as long as that is so. The kernel lets go of the lock when the process ends,
/// however it does. Each recording has a file of its own: who has opened one is never led to another.
final class RecordingMark: Sendable {
    private let path: String
    private let descriptor: Mutex<Int32>

    /// Marks a store. Nil where another process records it already, or the file cannot be made: then what others do is a
    /// hole in the recording, as the format has it.
    init?(store: Store, terms: RecordingTerms) {
        guard let path = Self.path(of: store), let text = try? JSON.encode(terms),
            text.utf8.count <= FoundMark.longest
        else { return nil }
        let bytes = Array(text.utf8)
        // Others hold it for a moment, to look or to clear away.
        for _ in 0..<20 {
            let file = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else {
                guard errno == EEXIST else { return nil }
                Self.clear(path)
                usleep(1_000)
                continue
            }
            guard flock(file, LOCK_EX | LOCK_NB) == 0, Self.is(file, at: path) else {
                close(file)
                continue
            }
            guard unsafe write(file, bytes, bytes.count) == bytes.count else {
                unsafe unlink(path)
                close(file)
                return nil
            }
            self.path = path
            descriptor = Mutex(file)
            return
        }
        return nil
    }

    deinit { remove() }

    /// From now on nothing is recorded.
    func remove() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            if Self.is(file, at: path) { unsafe unlink(path) }
            close(file)
            file = -1
        }
    }

    /// Removes what a process has left that has ended: whoever can lock it is alone with it.
    private static func clear(_ path: String) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return }
        defer { close(file) }
        if flock(file, LOCK_EX | LOCK_NB) == 0, Self.is(file, at: path) { unsafe unlink(path) }
    }

    /// Whether a path still leads to an open file.
    fileprivate static func `is`(_ file: Int32, at path: String) -> Bool {
        var (own, named) = (stat(), stat())
        return unsafe fstat(file, &own) == 0 && lstat(path, &named) == 0
            && own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    /// Beside the file itself, whatever links lead there; nil for a store that is in no file here.
    static func path(of store: Store) -> String? {
        store.place.map { URL(filePath: $0).resolvingSymlinksInPath().path + ".recording" }
    }
}

/// The mark of a recording that is under way, as the processes that did not begin it have it.
final class FoundMark: Sendable {
    /// Bytes that a mark may have.
    static let longest = 1 << 16

    let terms: RecordingTerms
    private let path: String
    private let file: Int32

    /// Nil where no running process records. To be asked for everything that is done: without a mark it is one call, and
    /// the cheapest.
    init?(at path: String) {
        guard unsafe access(path, F_OK) == 0 else { return nil }
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        // Where it is not written yet, nothing is recorded yet.
        guard Self.isHeld(file), let terms = Self.terms(in: file) else {
            close(file)
            return nil
        }
        self.terms = terms
        self.path = path
        self.file = file
    }

    deinit { close(file) }

    /// Whether the process that began the recording still runs, and has not ended it.
    var isHeld: Bool { Self.isHeld(file) }

    /// Nobody else is to find it.
    func hide() {
        if RecordingMark.is(file, at: path) { unsafe unlink(path) }
    }

    private static func terms(in file: Int32) -> RecordingTerms? {
        var bytes = [UInt8](repeating: 0, count: longest)
        let count = unsafe read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return try? JSON.decoder.decode(RecordingTerms.self, from: Data(bytes[..<count]))
    }

    private static func isHeld(_ file: Int32) -> Bool {
        guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        flock(file, LOCK_UN)
        return false
    }
}
