import Ledger
import Base
import FoundationEssentials
import Glibc
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

@Suite struct StoreWatchTests {
    let directory: TemporaryDirectory
    let store: String

    init() throws {
        directory = try TemporaryDirectory()
        store = directory.file("g.db")
    }

    private func append(_ text: String = "x", to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        let bytes = Array(text.utf8)
        let written = unsafe write(file, bytes, bytes.count)
        #expect(written == bytes.count)
        close(file)
    }

    private func isReadable(_ watch: StoreWatch) -> Bool {
        var waiting = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waiting, 1, 0) > 0
    }

    @Test func commit_isNews_ofAnotherConnectionToo() async throws {
        let ours = try SQLiteState(path: store)
        let others = try SQLiteState(path: store)
        defer {
            ours.close()
            others.close()
        }
        let watch = try StoreWatch(StoreFiles(store))
        #expect(!watch.drain())
        try await others.apply([.append(stream: "s", kind: "k", id: "e1", body: "{}")])
        #expect(isReadable(watch))
        #expect(watch.drain())
        #expect(!watch.drain() && !isReadable(watch))
        try await ours.apply([.append(stream: "s", kind: "k", id: "e2", body: "{}")])
        #expect(watch.drain())
    }

    @Test func otherFilesOfTheFolder_areNoNews() throws {
        try append(to: store + "-wal")
        let watch = try StoreWatch(StoreFiles(store))
        for name in ["", "-shm", "-wal2", "-journal", ".key"] { try append(to: store + name) }
        #expect(!watch.drain())
        try append(to: store + "-wal")
        #expect(watch.drain())
    }

    @Test func log_isWatched_fromItsCreationOn() throws {
        let watch = try StoreWatch(StoreFiles(store))
        #expect(!watch.drain())
        for _ in 0..<3 {
            try append(to: store + "-wal")
            #expect(watch.drain())
            try append(to: store + "-wal")
            #expect(watch.drain())
            #expect(!watch.drain())
            try FileManager.default.removeItem(atPath: store + "-wal")
            _ = watch.drain()
        }
    }

    @Test func log_isWatched_whereItWasReplaced_whileAnotherHeldTheOldOne() throws {
        try append(to: store + "-wal")
        let watch = try StoreWatch(StoreFiles(store))
        let held = unsafe open(store + "-wal", O_RDONLY | O_CLOEXEC)
        defer { close(held) }
        try append(to: store + "-new")
        let code = unsafe rename(store + "-new", store + "-wal")
        #expect(code == 0)
        #expect(watch.drain())
        try append(to: store + "-wal")
        #expect(watch.drain())
        #expect(!watch.drain())
    }

    @Test func storeBehindASymbolicLink_isFound() async throws {
        let state = try SQLiteState(path: store)
        defer { state.close() }
        let link = directory.file("link.db")
        let code = unsafe symlink(store, link)
        #expect(code == 0)
        let watch = try StoreWatch(StoreFiles(link))
        try await state.apply([.append(stream: "s", kind: "k", id: "e3", body: "{}")])
        #expect(watch.drain())
    }

    @Test func manyChanges_areOneNews() throws {
        try append(to: store + "-wal")
        let watch = try StoreWatch(StoreFiles(store))
        for number in 0..<2_000 {
            try append(to: store + "-wal")
            // Between changes of one file, so that the kernel does not make one event of them.
            if number % 2 == 0 { try append(to: directory.file("n\(number)")) }
        }
        #expect(watch.drain())
        #expect(!watch.drain())
    }

    @Test func missingFolder_isRefused() {
        #expect(throws: StoreError.self) { try StoreWatch(StoreFiles(directory.file("none/g.db"))) }
    }
}
