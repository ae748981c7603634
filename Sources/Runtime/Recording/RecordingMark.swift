internal import FoundationEssentials
internal import Glibc
internal import Ledger
internal import Synchronization

/// Tells other processes that what happens to a store is recorded, and where: a file beside the store that names the
/// recording's folder, and that is locked (flock(2)) for as long as that is so. The kernel lets go of the lock when the
/// process ends, however it does.
final class RecordingMark: Sendable {
    private let path: String
    private let descriptor: Mutex<Int32>

    /// Marks a store. Nil where another process records it already, or the file cannot be made: then what others do is a
    /// hole in the recording, as the format has it.
    init?(store: Store, folder: String) {
        guard let path = Self.path(of: store) else { return nil }
        self.path = path
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return nil }
        let place = folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
        let bytes = Array(place.utf8)
        guard Self.lock(file), ftruncate(file, 0) == 0, unsafe write(file, bytes, bytes.count) == bytes.count
        else {
            close(file)
            return nil
        }
        descriptor = Mutex(file)
    }

    deinit { remove() }

    /// From now on nothing is recorded.
    func remove() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            unsafe unlink(path)
            close(file)
            file = -1
        }
    }

    /// The folder in which a running process records what happens to a store; nil where none does.
    static func folder(of store: Store) -> String? {
        guard let path = path(of: store) else { return nil }
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // Whoever can lock it is alone with it: the process that made it has ended.
        guard flock(file, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(validating: bytes[..<count], as: UTF8.self)
    }

    /// Those who only look hold it for a moment.
    private static func lock(_ file: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(1_000)
        }
        return false
    }

    /// Beside the file itself, whatever links lead there.
    private static func path(of store: Store) -> String? {
        store.place.map { URL(filePath: $0).resolvingSymlinksInPath().path + ".recording" }
    }
}
