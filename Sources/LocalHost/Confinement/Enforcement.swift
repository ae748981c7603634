internal import CLinux

/// What keeps a process to each of its limits on this machine, for whoever asks what they are worth.
package enum Enforcement {
    /// Each limit and what keeps it, in words.
    package static func onThisMachine() -> [(limit: String, kept: String)] {
        var controllers: Set<String> = []
        var groups: String
        switch ControlGroupPlace.own {
        case .success(let place):
            controllers = place.controllers
            groups = "cgroup v2 in \(place.folder), by cgroup.kill, and"
        case .failure(let reason): groups = "no cgroup (\(reason.words)):"
        }
        let period = Int(ConfinementLimits.look / .milliseconds(1))
        let looks = "looked at every \(period) ms (/proc)"
        let inventory = "looked at every \(period * ConfinementLimits.looksPerInventory) ms"
        let alone = clinux_has_filters() != 0
        return [
            (
                "memory",
                controllers.contains("memory")
                    ? "cgroup v2, memory.max" : "\(looks); RLIMIT_DATA of twice the limit and 256 MB"
            ),
            ("cpu time", "\(looks)"),
            (
                "share of the cpu",
                (controllers.contains("cpu") ? "cgroup v2, cpu.weight; " : "")
                    + "nice +\(ConfinementLimits.niceness)"
            ),
            ("processes: 1", alone ? "seccomp refuses fork, vfork and clone" : looks),
            ("processes: more", looks),
            ("threads", controllers.contains("pids") ? "cgroup v2, pids.max" : looks),
            ("open files", "RLIMIT_NOFILE"),
            ("temporary folder", "RLIMIT_FSIZE for each file; all of them \(inventory)"),
            (
                "end of all that it started",
                "\(groups) parents and orphans by /proc, known by their mark (RLIMIT_RTTIME)"
            ),
            ("end with the host", "PR_SET_PDEATHSIG for the process itself"),
        ]
    }
}
