import Confinement
import FoundationEssentials
import Glibc
import Synchronization
import TestSupport
import Testing

/// A process that a test has started, and what it has written.
final class Confined {
    let process: ConfinedProcess
    /// The folder in which its temporary folder is made.
    let folder: TemporaryDirectory
    private var written: [Int32: [UInt8]] = [:]

    /// `limits` is changed from 64 processes, so that a shell can start what it needs.
    init(
        _ arguments: [String], environment: [String: String] = [:], directory: String = "/",
        limits change: (inout ProcessLimits) -> Void = { _ in }
    ) throws {
        folder = try TemporaryDirectory()
        var limits = ProcessLimits()
        limits.processes = 64
        change(&limits)
        process = try ConfinedProcess(
            ProcessStart(
                arguments: arguments, environment: environment, directory: directory,
                temporaryParent: folder.path, limits: limits))
    }

    convenience init(
        shell script: String, environment: [String: String] = [:], directory: String = "/",
        limits change: (inout ProcessLimits) -> Void = { _ in }
    ) throws {
        try self.init(
            ["/bin/sh", "-c", script], environment: environment, directory: directory, limits: change)
    }

    convenience init(python script: String, limits change: (inout ProcessLimits) -> Void = { _ in }) throws {
        try self.init(["/usr/bin/python3", "-c", script], limits: change)
    }

    /// What it has written to one of its pipes so far.
    func text(_ pipe: KeyPath<ConfinedProcess, Int32> = \.output) -> String {
        let descriptor = process[keyPath: pipe]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            written[descriptor, default: []] += buffer[..<count]
        }
        return String(decoding: written[descriptor] ?? [], as: UTF8.self)
    }

    /// Waits until it has written a text.
    func wait(for text: String) { Wait.until("it writes \(text)") { self.text().contains(text) } }

    /// Waits for its end.
    @discardableResult
    func end() throws -> ProcessEnding {
        var ending: ProcessEnding?
        Wait.until("its end") {
            _ = (text(), text(\.errors), text(\.telemetry))
            ending = process.reap()
            return ending != nil
        }
        return try #require(ending)
    }
}

/// Waiting for what must happen, with a limit that only a failure reaches.
enum Wait {
    static func until(_ what: String, _ isSo: () -> Bool) {
        for _ in 0..<6_000 {
            if isSo() { return }
            var none = pollfd(fd: -1, events: 0, revents: 0)
            _ = unsafe poll(&none, 1, 5)
        }
        Issue.record("waited in vain until \(what)")
    }
}

/// Processes as /proc has them.
enum Processes {
    /// Whether there is one that has not ended.
    static func isThere(_ pid: Int32) -> Bool {
        guard let stat = file("/proc/\(pid)/stat"), let name = stat.lastIndex(of: ")") else { return false }
        return !stat[name...].hasPrefix(") Z")
    }

    /// Those whose command line has a text.
    static func withArgument(_ text: String) -> [Int32] {
        names("/proc").compactMap { Int32($0) }.filter { pid in
            pid != getpid() && isThere(pid) && file("/proc/\(pid)/cmdline")?.contains(text) == true
        }
    }

    /// The descriptors of this process that are a process each, of which only what is tested here has any.
    static var descriptors: Int {
        names("/proc/self/fd").count { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            return target?.contains("pidfd") == true
        }
    }

    /// The children of this process that have ended and are not waited for.
    static var zombies: [Int32] {
        names("/proc/self/task").compactMap { file("/proc/self/task/\($0)/children") }.joined(separator: " ")
            .split(separator: " ").compactMap { Int32($0) }.filter { !isThere($0) }
    }

    static func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    static func file(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A watch that notes what it has told.
final class Watched {
    let watch: ProcessWatch
    private let told = Told()

    private final class Told: Sendable {
        let breaches = Mutex<[Int32: [ProcessBreach]]>([:])
    }

    init() throws {
        let told = told
        watch = try ProcessWatch { pid, breach in
            told.breaches.withLock { $0[pid, default: []].append(breach) }
        }
    }

    deinit { watch.close() }

    func breaches(_ pid: Int32) -> [ProcessBreach] { told.breaches.withLock { $0[pid] ?? [] } }
}
