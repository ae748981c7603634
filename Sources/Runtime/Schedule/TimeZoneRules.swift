internal import Base
internal import FoundationEssentials

/// The offsets of a time zone from UTC, by the system's database (RFC 9636, `TZif`).
///
/// Foundation knows named zones only with its international part, which would triple the program; glibc knows one zone
/// a process.
public struct TimeZoneRules: Sendable {
    /// As `Asia/Tokyo`.
    public let name: String
    /// Times from which an offset holds, rising; in seconds since 1970.
    private let transitions: [(at: Int64, offset: Int64)]
    /// The offset before the first of them.
    private let first: Int64
    /// What holds behind the last.
    private let rule: POSIXTimeZone?

    /// UTC, which needs no database.
    public static let utc = TimeZoneRules(name: "UTC", transitions: [], first: 0, rule: nil)

    private init(name: String, transitions: [(at: Int64, offset: Int64)], first: Int64, rule: POSIXTimeZone?)
    {
        (self.name, self.transitions, self.first, self.rule) = (name, transitions, first, rule)
    }

    /// Files that are larger are none of the database's.
    private static let largestFile = 1 << 20

    /// The zone of a name in the database's folder; nil where there is none.
    public init?(named name: String, in folder: String = "/usr/share/zoneinfo") {
        if name == "UTC" {
            self = .utc
            return
        }
        guard Self.isName(name), let file = try? Data(contentsOf: URL(filePath: folder + "/" + name)),
            file.count <= Self.largestFile, let zone = TimeZoneRules(name: name, file: [UInt8](file))
        else { return nil }
        self = zone
    }

    /// The names of the database's zones, for suggestions; none where they are not listed.
    package static func names(in folder: String = "/usr/share/zoneinfo") -> [String] {
        guard let file = try? Data(contentsOf: URL(filePath: folder + "/zone1970.tab")),
            file.count <= largestFile
        else { return [] }
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n")
        return ["UTC"]
            + lines.filter { !$0.hasPrefix("#") }.compactMap { line in
                let columns = line.split(separator: "\t")
                return columns.count > 2 ? String(columns[2]) : nil
            }
    }

    /// A name has no way out of the folder: parts of letters, digits, `_`, `-` and `+`.
    private static func isName(_ name: String) -> Bool {
        guard name.utf8.count <= 64 else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.first != UInt8(ascii: "-")
                && part.utf8.allSatisfy { byte in
                    ASCII.isDigit(byte) || (0x61...0x7a).contains(ASCII.lowercased(byte))
                        || [ASCII.minus, ASCII.plus, UInt8(ascii: "_")].contains(byte)
                }
        }
    }

    /// Reads the second, 64-bit part of a file (RFC 9636 section 3); nil where it has none, or is damaged.
    init?(name: String, file: [UInt8]) {
        guard let old = Header(file, at: 0), old.version >= UInt8(ascii: "2"),
            let header = Header(file, at: Header.size + old.bytes(time: 4))
        else { return nil }
        var position = Header.size * 2 + old.bytes(time: 4)
        let end = position + header.bytes(time: 8)
        guard end <= file.count, header.types > 0 else { return nil }
        let times = (0..<header.times).map { Self.integer(file, position + $0 * 8, 8) }
        position += header.times * 8
        let kinds = (0..<header.times).map { Int(file[position + $0]) }
        position += header.times
        let offsets = (0..<header.types).map { Self.integer(file, position + $0 * 6, 4) }
        guard kinds.allSatisfy({ $0 < offsets.count }), zip(times, times.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        let footer = file[end...].dropFirst().prefix { $0 != ASCII.lineFeed }
        let text = String(decoding: footer, as: UTF8.self)
        let rule = POSIXTimeZone(text)
        guard text.isEmpty || rule != nil else { return nil }
        self.init(
            name: name, transitions: zip(times, kinds).map { (at: $0, offset: offsets[$1]) },
            first: offsets[0],
            rule: rule)
    }

    private struct Header {
        static let size = 44
        let version: UInt8
        let times: Int
        let types: Int
        private let others: (isUT: Int, isStandard: Int, leaps: Int, characters: Int)

        init?(_ file: [UInt8], at start: Int) {
            guard start >= 0, start + Self.size <= file.count,
                file[start..<(start + 4)].elementsEqual("TZif".utf8)
            else { return nil }
            version = file[start + 4]
            let counts = (0..<6).map { Int(TimeZoneRules.integer(file, start + 20 + $0 * 4, 4)) }
            guard counts.allSatisfy({ (0..<TimeZoneRules.largestFile).contains($0) }) else { return nil }
            others = (counts[0], counts[1], counts[2], counts[5])
            (times, types) = (counts[3], counts[4])
        }

        /// The size of what follows it, with times of so many bytes.
        func bytes(time: Int) -> Int {
            times * (time + 1) + types * 6 + others.characters + others.leaps * (time + 4) + others.isStandard
                + others.isUT
        }
    }

    /// A big-endian number with a sign.
    private static func integer(_ file: [UInt8], _ start: Int, _ count: Int) -> Int64 {
        let bits = file[start..<(start + count)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return count == 8 ? Int64(bitPattern: bits) : Int64(Int32(truncatingIfNeeded: Int64(bits)))
    }

    // MARK: Times

    /// Seconds that local time is ahead of UTC at a time, in seconds since 1970.
    func offset(at time: Int64) -> Int64 {
        guard let last = transitions.last else { return rule?.offset(at: time) ?? first }
        if time >= last.at, let rule { return rule.offset(at: time) }
        // The first one that is later.
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : transitions[low - 1].offset
    }

    /// What a local time, in seconds as if it were UTC, is at: once, twice where the clock was set back, or not at all
    /// where it was set forward; then the time at which it was.
    func times(ofLocal local: Int64) -> LocalTime {
        let day: Int64 = 86_400
        let (before, after) = (offset(at: local - 2 * day), offset(at: local + 2 * day))
        let found = Set([before, after]).map { local - $0 }.filter { local - offset(at: $0) == $0 }.sorted()
        if !found.isEmpty { return .there(found) }
        // The offset changes between these two, from the one to the other.
        var (low, high) = (local - max(before, after), local - min(before, after))
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == after { high = middle } else { low = middle }
        }
        return .skipped(to: high)
    }

    /// Where a local time is, in seconds since 1970.
    enum LocalTime: Equatable {
        /// At these times, rising.
        case there([Int64])
        /// Nowhere; the clock was set from before it to behind it at this time.
        case skipped(to: Int64)
    }
}
