internal import Base
internal import Glibc

/// The temporary folder of one process, which nobody else may enter. What is in it was named by the process: nothing
/// follows a link, nor trusts a depth.
struct TemporaryFolder: Sendable {
    let path: String

    private static let prefix = "instance-"

    /// Makes one, of mode 0700.
    init(in parent: String) throws(SystemError) {
        var template = Array("\(parent)/\(Self.prefix)\(getpid())-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError("mkdtemp in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private init(path: String) { self.path = path }

    /// Those that hosts have left there that are no more.
    static func leftOver(in parent: String) -> [TemporaryFolder] {
        ProcFile.names(in: parent).compactMap { name in
            guard name.hasPrefix(prefix),
                let host = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ Int32($0) }),
                host > 0, kill(host, 0) != 0, errno == ESRCH
            else { return nil }
            return TemporaryFolder(path: "\(parent)/\(name)")
        }
    }

    /// A file of a device, which several names may have.
    private struct File: Hashable {
        var device: UInt64
        var number: UInt64
    }

    /// What is in it. Bytes are `.max` where it has too many entries, or folders too deep.
    struct Content {
        var bytes = 0
        var entries = 0
    }

    /// What is in it, with the bytes of files without a name that the processes have open.
    func content(openBy processes: [Int32]) -> Content {
        var left = ConfinementLimits.temporaryEntries
        var seen = Set<File>()
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return Content() }
        defer { close(folder) }
        guard
            var bytes = Self.bytes(
                in: folder, depth: ConfinementLimits.temporaryDepth, left: &left, seen: &seen)
        else { return Content(bytes: .max, entries: ConfinementLimits.temporaryEntries) }
        for pid in processes { bytes += Self.unnamedBytes(openBy: pid, seen: &seen) }
        return Content(bytes: bytes, entries: ConfinementLimits.temporaryEntries - left)
    }

    private static func bytes(in folder: Int32, depth: Int, left: inout Int, seen: inout Set<File>) -> Int? {
        guard let entries = ProcFile.entries(of: folder, atMost: left + 1) else { return 0 }
        left -= entries.count
        guard left >= 0 else { return nil }
        var bytes = 0
        for entry in entries {
            var status = stat()
            guard unsafe fstatat(folder, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            let file = File(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
            if seen.insert(file).inserted { bytes += Self.bytes(status) }
            guard status.st_mode & S_IFMT == S_IFDIR else { continue }
            guard depth > 0 else { return nil }
            let inner = unsafe openat(folder, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard inner >= 0 else { continue }
            defer { close(inner) }
            guard let more = Self.bytes(in: inner, depth: depth - 1, left: &left, seen: &seen) else {
                return nil
            }
            bytes += more
        }
        return bytes
    }

    private static func bytes(_ status: stat) -> Int {
        min(max(Int(clamping: status.st_blocks), 0), ConfinementLimits.blocks) * 512
    }

    /// The bytes of files that a process has open and that have no name: deleted ones, and memory (memfd_create(2)).
    private static func unnamedBytes(openBy pid: Int32, seen: inout Set<File>) -> Int {
        let folder = unsafe open("/proc/\(pid)/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return 0 }
        defer { close(folder) }
        var bytes = 0
        for entry in ProcFile.entries(of: folder, atMost: ConfinementLimits.members) ?? [] {
            var status = stat()
            guard unsafe fstatat(folder, entry.name, &status, 0) == 0, status.st_mode & S_IFMT == S_IFREG,
                status.st_nlink == 0
            else { continue }
            let file = File(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
            if seen.insert(file).inserted { bytes += Self.bytes(status) }
        }
        return bytes
    }

    /// Removes it where it is empty; whether it is gone.
    func removeEmpty() -> Bool { unsafe rmdir(path) == 0 || errno == ENOENT }

    /// Removes it with all in it; whether it is gone. Folders within folders come up to the first one before they are
    /// emptied, so that no depth needs as many descriptors.
    func remove() -> Bool {
        if removeEmpty() { return true }
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        _ = fchmod(folder, 0o700)
        var moved = 0
        var isStuck = false
        while !isStuck {
            _ = lseek(folder, 0, SEEK_SET)
            let entries = ProcFile.entries(of: folder, atMost: ConfinementLimits.temporaryEntries) ?? []
            if entries.isEmpty { break }
            isStuck = !entries.reduce(false) { hasRemoved, entry in
                Self.remove(entry.name, in: folder, &moved) || hasRemoved
            }
        }
        return removeEmpty()
    }

    /// Removes a file, or a folder whose own folders have gone to `top`; whether it has.
    private static func remove(_ name: [CChar], in top: Int32, _ moved: inout Int) -> Bool {
        if unsafe unlinkat(top, name, 0) == 0 { return true }
        _ = unsafe fchmodat(top, name, 0o700, 0)
        let inner = unsafe openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { return false }
        defer { close(inner) }
        while true {
            _ = lseek(inner, 0, SEEK_SET)
            let entries = ProcFile.entries(of: inner, atMost: ConfinementLimits.temporaryEntries) ?? []
            if entries.isEmpty { break }
            var hasRemoved = false
            for entry in entries {
                if unsafe unlinkat(inner, entry.name, 0) == 0 {
                    hasRemoved = true
                    continue
                }
                moved += 1
                let name = Array(".removed-\(moved)".utf8CString)
                // A folder that may not be written cannot be moved: its `..` changes.
                _ = unsafe fchmodat(inner, entry.name, 0o700, 0)
                if unsafe renameat(inner, entry.name, top, name) == 0 { hasRemoved = true }
            }
            if !hasRemoved { return false }
        }
        return unsafe unlinkat(top, name, AT_REMOVEDIR) == 0
    }
}
