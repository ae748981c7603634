import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Confinement

/// Where cgroups can be made: folders as the kernel has them.
@Suite struct ControlGroupTests {
    private let root: TemporaryDirectory
    private var mounts: String {
        """
        23 1 8:1 / / rw,relatime - ext4 /dev/root rw
        32 31 0:29 / /sys/fs/cgroup/cpu rw shared:1 - cgroup cgroup rw,cpu
        41 31 0:38 / \(root.path) rw,nosuid shared:9 - cgroup2 cgroup2 rw
        """
    }

    init() throws { root = try TemporaryDirectory() }

    /// A group below the root, with its processes and controllers.
    private func group(_ path: String, members: String, controllers: String, given: String = "") throws {
        let folder = root.path + path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let files = [
            "cgroup.procs": members, "cgroup.controllers": controllers, "cgroup.subtree_control": given,
        ].merging(path == "" ? [:] : ["cgroup.type": "domain"]) { $1 }
        for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: folder + "/" + name)) }
    }

    private func find(_ own: String, isOurs: Bool = true) -> Result<
        ControlGroupPlace, ControlGroupPlace.Reason
    > {
        ControlGroupPlace.find(
            mounts: mounts, own: "4:memory:/elsewhere\n0::\(own)\n", host: 77, isOurs: { _ in isOurs })
    }

    private func text(_ path: String) -> String? { Processes.file(root.path + path) }

    @Test func machineWithoutVersion2_hasNone() {
        let place = ControlGroupPlace.find(
            mounts: "23 1 8:1 / / rw - ext4 /dev/root rw\n", own: "0::/", host: 1, isOurs: { _ in true })
        #expect(place == .failure(ControlGroupPlace.Reason("no cgroup2 is mounted")))
        let other = ControlGroupPlace.find(mounts: mounts, own: "1:cpu:/\n", host: 1, isOurs: { _ in true })
        #expect(other == .failure(ControlGroupPlace.Reason("this process is in no cgroup of version 2")))
    }

    @Test func machinesFirstGroup_divides_withProcessesInIt() throws {
        try group("", members: "1\n77\n", controllers: "cpu memory pids io", given: "cpu memory pids")
        #expect(
            find("/")
                == .success(ControlGroupPlace(folder: root.path, controllers: ["cpu", "memory", "pids"])))
    }

    @Test func hostAloneInItsGroup_movesDown_andDivides() throws {
        try group("/unit", members: "77\n", controllers: "cpu memory")
        try group("/unit/host", members: "", controllers: "")
        // A folder only: what is asked for is written, and not given.
        #expect(find("/unit") == .success(ControlGroupPlace(folder: root.path + "/unit", controllers: [])))
        #expect(text("/unit/host/cgroup.procs") == "77")
        #expect(text("/unit/cgroup.subtree_control")?.hasPrefix("+") == true)
    }

    @Test func hostWithNeighbours_staysWhereItIs() throws {
        try group("/unit", members: "76\n77\n", controllers: "cpu memory pids")
        #expect(find("/unit") == .success(ControlGroupPlace(folder: root.path + "/unit", controllers: [])))
        #expect(text("/unit/cgroup.subtree_control") == "")
        #expect(!FileManager.default.fileExists(atPath: root.path + "/unit/host"))
    }

    @Test func groupOfSomebodyElse_isNotDivided() throws {
        try group("/unit", members: "77\n", controllers: "cpu memory pids")
        #expect(
            find("/unit", isOurs: false)
                == .success(ControlGroupPlace(folder: root.path + "/unit", controllers: [])))
        #expect(text("/unit/cgroup.subtree_control") == "")
    }

    @Test func hostThatHasMovedDown_findsThePlaceAboveIt() throws {
        try group("/unit", members: "", controllers: "memory pids", given: "memory pids")
        try group("/unit/host", members: "77\n", controllers: "memory pids")
        #expect(
            find("/unit/host")
                == .success(ControlGroupPlace(folder: root.path + "/unit", controllers: ["memory", "pids"])))
    }

    @Test func limits_areWritten() throws {
        let place = ControlGroupPlace(folder: root.path, controllers: ["memory", "cpu", "pids"])
        var limits = ProcessLimits()
        limits.memory = 1 << 20
        // The kernel makes a group's files with it; here nobody does, so it cannot be limited, and is none.
        #expect(ControlGroup(in: place, host: 77, limits: limits) == nil)
        #expect(Processes.names(root.path) == [])
        let plain = try #require(
            ControlGroup(
                in: ControlGroupPlace(folder: root.path, controllers: []), host: 77, limits: limits))
        #expect(!plain.keepsMemory && plain.memoryPeak == nil && !plain.hasRunOutOfMemory)
        try Data("low 0\nmax 3\noom 1\noom_kill 1\n".utf8).write(
            to: URL(filePath: plain.folder + "/memory.events"))
        try Data("1234\n".utf8).write(to: URL(filePath: plain.folder + "/memory.peak"))
        #expect(plain.memoryPeak == 1_234 && plain.hasRunOutOfMemory)
        #expect(!plain.remove())
    }

    @Test func thisMachine_saysWhatKeepsEachLimit() {
        let kept = Enforcement.onThisMachine()
        #expect(Set(kept.map(\.limit)).isSuperset(of: ["memory", "cpu time", "open files", "threads"]))
        #expect(kept.allSatisfy { !$0.kept.isEmpty })
    }
}
