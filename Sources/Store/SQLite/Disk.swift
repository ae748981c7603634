internal import Base
internal import Glibc
internal import Ledger
internal import Synchronization

/// Makes commits durable, one fdatasync(2) of the write-ahead log at a time, on a thread of its own: the writer works
/// on the next transaction meanwhile.
///
/// This is what SQLite does inside COMMIT with `synchronous=FULL`, moved out of it: the connection runs with NORMAL
/// (which still syncs around checkpoints), and nobody is told of a commit before this has synced the log. A frame that
/// was not synced fails its checksum after a crash and is dropped with all that follow, as ever.
final class Disk: Sendable {
    private struct State {
        var next: (@Sendable (StoreError?) -> Void)?
        var isBusy = false
        var isClosed = false
        var failure: StoreError?
    }

    private let state = Mutex(State())
    private let path: String
    private let opened: OpenedFiles
    private let bell: Bell
    private let isDone: Bell
    private let thread = Mutex<SystemThread?>(nil)

    /// Syncs the log of a store that is open; rings `isDone` after each sync.
    init(_ files: StoreFiles, opened: OpenedFiles, isDone: Bell) throws(StoreError) {
        path = files.log
        self.opened = opened
        self.isDone = isDone
        bell = try StoreError.mapped { () throws(SystemError) in try Bell() }
        let started = try StoreError.mapped { () throws(SystemError) in
            try SystemThread(named: "store-disk") { [self] in run() }
        }
        thread.withLock { $0 = started }
    }

    /// Whether a sync is under way.
    var isBusy: Bool { state.withLock { $0.isBusy } }

    /// Why nothing can be made durable any more: after a failed sync the kernel may have dropped what it could not
    /// write, so trying again would prove nothing (as PostgreSQL holds it too).
    var failure: StoreError? { state.withLock { $0.failure } }

    /// Nothing can be made durable from here on. The first reason stays.
    func fail(_ error: StoreError) { state.withLock { $0.failure = $0.failure ?? error } }

    /// Whether the store's files are still where they were; where not, `failure` says so from here on.
    func look() {
        if failure == nil, let lost = opened.lost { fail(.replaced(path: lost)) }
    }

    /// Syncs what has been committed and then calls `finish`, on this object's thread. One at a time: waits while
    /// another is under way.
    func sync(then finish: @escaping @Sendable (StoreError?) -> Void) {
        while isBusy { isDone.wait() }
        state.withLock { state in
            state.next = finish
            state.isBusy = true
        }
        bell.ring()
    }

    /// Finishes what is under way and ends the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func run() {
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { Glibc.close(descriptor) } }
        while true {
            let (finish, isClosed) = state.withLock { state in
                defer { state.next = nil }
                return (state.next, state.isClosed)
            }
            guard let finish else {
                if isClosed { return }
                bell.wait()
                continue
            }
            // SQLite holds no locks on the log, so a descriptor of our own may be opened and closed.
            if descriptor < 0 { descriptor = unsafe open(path, O_RDWR | O_CLOEXEC) }
            var failure: StoreError?
            if descriptor < 0 || fdatasync(descriptor) != 0 { failure = .disk(errno: errno) }
            // A file that is gone may have been synced as well.
            if let lost = opened.lost { failure = .replaced(path: lost) }
            if let failure { fail(failure) }
            state.withLock { $0.isBusy = false }
            // The writer goes on while the answers are handed out.
            isDone.ring()
            finish(failure)
        }
    }
}
