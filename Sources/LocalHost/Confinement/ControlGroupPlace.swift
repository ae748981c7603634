internal import Base
internal import CLinux
internal import Glibc

/// Where the host may make cgroups (version 2, cgroups(7)) for what it starts, and what the kernel keeps there.
struct ControlGroupPlace: Sendable, Equatable {
    /// The folder in which they are made.
    var folder: String
    /// Of `wanted`, what each of them has.
    var controllers: Set<String>

    static let wanted: Set<String> = ["cpu", "memory", "pids"]
    /// The name of the group into which the host moves, so that its first group has no process and may divide.
    static let hostsName = "host"

    /// That of this process; or why there is none. Found once, for the host moves where it has a group for itself.
    static let own: Result<ControlGroupPlace, Reason> = {
        guard let mounts = ProcFile.text("/proc/self/mountinfo"), let own = ProcFile.text("/proc/self/cgroup")
        else {
            return .failure(Reason("/proc tells of no cgroups"))
        }
        let place = find(mounts: mounts, own: own, host: getpid(), isOurs: isOurs)
        if case .success(let place) = place { ControlGroup.removeLeftOver(in: place) }
        return place
    }()

    struct Reason: Error, Sendable, Equatable {
        var words: String
        init(_ words: String) { self.words = words }
    }

    /// Finds it by the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`, and makes it ready. `isOurs`: whether
    /// nobody else minds what becomes of a group.
    static func find(
        mounts: String, own: String, host: Int32, isOurs: (String) -> Bool
    ) -> Result<ControlGroupPlace, Reason> {
        guard let (root, point) = mount(mounts) else { return .failure(Reason("no cgroup2 is mounted")) }
        guard let path = path(own) else {
            return .failure(Reason("this process is in no cgroup of version 2"))
        }
        guard path == root || path.hasPrefix(root == "/" ? "/" : root + "/"), !path.hasPrefix("/..") else {
            return .failure(Reason("this process's cgroup is not below the mounted one"))
        }
        let group = point + (root == "/" ? path : String(path.dropFirst(root.count)))
        let folder = group.hasSuffix("/") ? String(group.dropLast()) : group
        guard unsafe access(folder, W_OK) == 0, unsafe access(folder + "/cgroup.procs", W_OK) == 0 else {
            return .failure(Reason("\(folder) may not be written"))
        }
        // The machine's first group has no type; it may have processes and divide all the same.
        if unsafe access(folder + "/cgroup.type", F_OK) != 0 {
            return .success(isOurs(folder) ? divided(folder) : undivided(folder))
        }
        let parent = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        if folder.hasSuffix("/" + hostsName), members(of: parent) == [], unsafe access(parent, W_OK) == 0,
            isOurs(parent)
        {
            return .success(divided(parent))
        }
        // A group with processes cannot divide what it has; below it groups can be made and killed.
        if members(of: folder) == [host], isOurs(folder), move(host, from: folder) {
            return .success(divided(folder))
        }
        return .success(undivided(folder))
    }

    private static func undivided(_ folder: String) -> ControlGroupPlace {
        ControlGroupPlace(folder: folder, controllers: [])
    }

    /// Root and mount point of the first cgroup2 in mountinfo (proc(5)): fields 4 and 5, the type behind ` - `.
    private static func mount(_ mounts: String) -> (root: String, point: String)? {
        for line in mounts.split(separator: "\n") {
            guard let dash = line.firstRange(of: " - "),
                line[dash.upperBound...].split(separator: " ").first == "cgroup2"
            else { continue }
            let fields = line[..<dash.lowerBound].split(separator: " ")
            guard fields.count > 5 else { continue }
            // Spaces stand as \040 there; who mounts cgroups below such a name goes without them.
            return (String(fields[3]), String(fields[4]))
        }
        return nil
    }

    /// The path behind `0::` in /proc/PID/cgroup.
    private static func path(_ own: String) -> String? {
        own.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    private static func members(of folder: String) -> [Int32]? {
        ProcFile.text(folder + "/cgroup.procs").map { $0.split(separator: "\n").compactMap { Int32($0) } }
    }

    private static func words(_ path: String) -> Set<String> {
        Set((ProcFile.text(path) ?? "").split(separator: " ").map(String.init))
    }

    private static func move(_ host: Int32, from folder: String) -> Bool {
        let leaf = "\(folder)/\(hostsName)"
        guard unsafe mkdir(leaf, 0o755) == 0 || errno == EEXIST else { return false }
        return ProcFile.write("\(host)", to: leaf + "/cgroup.procs") == 0
    }

    /// A folder whose groups have what can be had.
    private static func divided(_ folder: String) -> ControlGroupPlace {
        let given = folder + "/cgroup.subtree_control"
        for controller in wanted.intersection(words(folder + "/cgroup.controllers")).subtracting(words(given))
        {
            _ = ProcFile.write("+\(controller)", to: given)
        }
        return ControlGroupPlace(folder: folder, controllers: wanted.intersection(words(given)))
    }

    /// Whether a group may be divided: where systemd has the groups, those that it has delegated (systemd.resource-control(5)).
    private static func isOurs(_ folder: String) -> Bool {
        guard unsafe access("/run/systemd/system", F_OK) == 0 else { return true }
        return ["user.delegate", "trusted.delegate"].contains { name in
            var value: UInt8 = 0
            return unsafe clinux_attribute(folder, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }
}
