internal import Base
internal import CLinux
internal import Glibc
internal import Ledger
internal import Synchronization

/// News of commits by other processes, as soon as they write: watches the store's write-ahead log (inotify(7)).
///
/// SQLite writes a commit to FILE-wal with write(2), also where its index is mapped into memory. The news says that
/// something was written, by whomever and perhaps not to its end yet: it is a reason to look, nothing more.
final class StoreWatch: StoreNews {
    let descriptor: Int32
    private let path: String
    private let name: [UInt8]
    /// The watch of the log itself; nil while there is none.
    private let watch = Mutex<Int32?>(nil)

    /// Events read at once.
    private static let bufferBytes = 16_384

    /// Watches the log of a store, which need not be there yet; its folder must. Throws where the process may watch no
    /// more.
    init(_ files: StoreFiles) throws(StoreError) {
        let file = files.log
        path = file
        let slash = file.lastIndex(of: "/")
        name = Array(file[(slash.map { file.index(after: $0) } ?? file.startIndex)...].utf8)
        let folder = slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        descriptor = clinux_inotify()
        guard descriptor >= 0 else { throw .system(SystemError("inotify")) }
        // The log is deleted when the last process closes the store, and made anew.
        guard
            unsafe clinux_watch_path(descriptor, folder, clinux_file_created | clinux_file_moved_here) >= 0
        else {
            // `deinit` closes the descriptor: everything is initialised.
            throw .system(SystemError("inotify"))
        }
        watchLog()
    }

    deinit { close(descriptor) }

    func drain() -> Bool {
        var isNews = false
        var bytes = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            let count = unsafe read(descriptor, &bytes, bytes.count)
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                return isNews
            }
            if take(bytes, count) { isNews = true }
        }
    }

    private func take(_ bytes: [UInt8], _ count: Int) -> Bool {
        var isNews = false
        var offset = 0
        while true {
            let event = unsafe clinux_read_file_event(bytes, count, offset)
            guard event.next > offset else { return isNews }
            offset = event.next
            if event.mask & clinux_events_lost != 0 {
                watchLog()
                isNews = true
            } else if event.mask & clinux_watch_gone != 0 {
                watch.withLock { if $0 == event.watch { $0 = nil } }
            } else if event.mask & clinux_file_modified != 0 {
                isNews = true
            } else if bytes[event.name..<(event.name + event.name_length)].elementsEqual(name) {
                // What was written before it was watched has told nobody.
                watchLog()
                isNews = true
            }
        }
    }

    /// Watches the log that is there now.
    private func watchLog() {
        watch.withLock { watch in
            let new = unsafe clinux_watch_path(descriptor, path, clinux_file_modified)
            // The same file has the same watch.
            if let old = watch, old != new { _ = clinux_unwatch_path(descriptor, old) }
            watch = new >= 0 ? new : nil
        }
    }
}
