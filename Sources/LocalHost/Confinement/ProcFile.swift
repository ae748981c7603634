internal import CLinux
internal import Glibc

/// Reads what the kernel tells as files, and lists folders. What is gone meanwhile is nil, and no error.
enum ProcFile {
    /// The bytes of a file; no more than a limit.
    static func bytes(_ path: String, atMost limit: Int = ConfinementLimits.procBytes) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let room = bytes.isEmpty ? 4_096 : 65_536
            var failed = false
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                let got = unsafe Glibc.read(file, buffer.baseAddress, room)
                count = max(got, 0)
                failed = got < 0
            }
            if failed { return nil }
            if piece.isEmpty { break }
            if bytes.isEmpty { bytes = piece } else { bytes += piece }
            // A short piece is a file's end, for all files of /proc but lists; those are read on.
            if piece.count < room / 2 { break }
        }
        return bytes
    }

    /// The text of a small file, without the line feed at its end.
    static func text(_ path: String) -> String? {
        bytes(path).map { bytes in
            String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        }
    }

    /// Writes a text to a file that is there; 0, or errno.
    static func write(_ text: String, to path: String) -> Int32 {
        let file = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return errno }
        defer { close(file) }
        let bytes = Array(text.utf8)
        return unsafe Glibc.write(file, bytes, bytes.count) == bytes.count ? 0 : errno
    }

    /// An entry of a folder; its name as the system has it, with the NUL behind it.
    struct Entry {
        var name: [CChar]
        /// DT_DIR and the like; DT_UNKNOWN where the file system does not say.
        var kind: UInt8
    }

    /// The entries of an open folder but for `.` and `..`, from where the descriptor stands; nil where it is none.
    static func entries(of folder: Int32, atMost limit: Int) -> [Entry]? {
        var entries: [Entry] = []
        while entries.count < limit {
            let capacity = 32_768
            var count = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
                count = unsafe Int(clinux_read_folder(folder, buffer.baseAddress, capacity))
                filled = max(count, 0)
            }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            entries += Self.entries(in: bytes)
        }
        return entries
    }

    /// struct linux_dirent64 (getdents(2)): 8 bytes inode, 8 offset, 2 length of the entry, 1 kind, the name with NUL.
    private static func entries(in bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var start = 0
        while start + 19 < bytes.count {
            let length = Int(bytes[start + 16]) | Int(bytes[start + 17]) << 8
            guard length > 19, start + length <= bytes.count else { break }
            let name = bytes[(start + 19)..<(start + length)].prefix { $0 != 0 }
            if name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")] {
                entries.append(
                    Entry(name: name.map { CChar(bitPattern: $0) } + [0], kind: bytes[start + 18]))
            }
            start += length
        }
        return entries
    }

    /// The names of a folder's entries; none where it cannot be read.
    static func names(in path: String) -> [String] {
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return [] }
        defer { close(folder) }
        return (entries(of: folder, atMost: ConfinementLimits.members) ?? []).map { entry in
            String(decoding: entry.name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// The names of a folder's entries that are numbers.
    static func numbers(in path: String) -> [Int32] { names(in: path).compactMap { Int32($0) } }
}
