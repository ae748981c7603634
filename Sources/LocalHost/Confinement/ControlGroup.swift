internal import Base
internal import Glibc
internal import Synchronization

/// The cgroup of one process and all that it starts, which nothing leaves: what has its limits there is held to them at
/// any moment, and is killed whole.
struct ControlGroup: Sendable {
    let folder: String
    private let controllers: Set<String>

    private static let count = Mutex(0)
    private static let prefix = "gestaloka-"

    /// Makes one; nil where this machine has none for us.
    init?(limits: ProcessLimits) {
        guard case .success(let place) = ControlGroupPlace.own else { return nil }
        self.init(in: place, host: getpid(), limits: limits)
    }

    init?(in place: ControlGroupPlace, host: Int32, limits: ProcessLimits) {
        let number = Self.count.withLock { count in
            count &+= 1
            return count
        }
        folder = "\(place.folder)/\(Self.prefix)\(host)-\(number)"
        controllers = place.controllers
        guard unsafe mkdir(folder, 0o755) == 0 else { return nil }
        var settings: [(String, String)] = []
        if keepsMemory, let memory = limits.memory {
            settings = [
                ("memory.max", "\(memory)"), ("memory.swap.max", "0"), ("memory.oom.group", "1"),
            ]
        }
        if controllers.contains("pids") {
            // Each thread is one there.
            settings.append(("pids.max", "\(limits.threads)"))
        }
        if controllers.contains("cpu") { settings.append(("cpu.weight", "\(ConfinementLimits.cpuWeight)")) }
        for (name, value) in settings {
            let failed = ProcFile.write(value, to: "\(folder)/\(name)")
            // Without swap there is no limit of it.
            guard failed == 0 || name == "memory.swap.max" else {
                _ = remove()
                return nil
            }
        }
    }

    /// Whether the kernel keeps its processes to their memory.
    var keepsMemory: Bool { controllers.contains("memory") }

    /// Its folder, for a process that is to start in it; -1 where it cannot be had.
    func openFolder() -> Int32 { unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }

    /// Kills all that is in it (Linux 5.14).
    func kill() { _ = ProcFile.write("1", to: folder + "/cgroup.kill") }

    /// Bytes that it had at most (Linux 5.19); nil where nobody counts.
    var memoryPeak: Int? { ProcFile.text(folder + "/memory.peak").flatMap { Int($0) } }

    /// Whether the kernel has killed for its memory.
    var hasRunOutOfMemory: Bool {
        let events = ProcFile.text(folder + "/memory.events") ?? ""
        return events.split(separator: "\n").contains { $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0" }
    }

    /// Removes it; false while there is somebody in it.
    func remove() -> Bool { unsafe rmdir(folder) == 0 || errno == ENOENT }

    /// Kills and removes the groups of hosts that are no more.
    static func removeLeftOver(in place: ControlGroupPlace) {
        for name in ProcFile.names(in: place.folder) {
            guard name.hasPrefix(prefix),
                let host = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ Int32($0) }),
                host > 0, Glibc.kill(host, 0) != 0, errno == ESRCH
            else { continue }
            _ = ProcFile.write("1", to: "\(place.folder)/\(name)/cgroup.kill")
            // Empty a moment later; the next start removes it if not this one.
            _ = unsafe rmdir("\(place.folder)/\(name)")
        }
    }
}
