internal import Base
internal import FoundationEssentials
internal import Functions
internal import Glibc
internal import Identity
internal import Synchronization

/// The folder of a recording that begins.
struct RecordingPlace {
    let folder: String

    /// Makes the folder, for its owner only. Throws where something is in it: a recording is never written over.
    func make() throws(RecordingError) {
        let files = FileManager.default
        if let present = try? files.contentsOfDirectory(atPath: folder) {
            guard present.isEmpty else {
                throw RecordingError(folder, "the folder is not empty; a recording needs a new one")
            }
            return
        }
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw RecordingError(folder, "the folder cannot be made") }
    }

    /// Writes the manifest and the header.
    func describe(
        _ manifest: RecordedManifest, program: String, redact: [String], number: Int64, at now: Timestamp
    ) throws(RecordingError) {
        let header = RecordingHeader(
            format: RecordingFormat.name, version: RecordingFormat.version, program: program,
            startedAt: now.rfc3339, number: number, environment: manifest.kept, withheld: manifest.withheld,
            redacted: redact.sorted())
        try write(manifest.text, RecordingFormat.manifest)
        try write(header)
    }

    /// Writes the header anew.
    func write(_ header: RecordingHeader) throws(RecordingError) {
        guard let json = try? JSON.encode(header) else {
            throw RecordingError(folder, "the header cannot be written")
        }
        try write(json + "\n", RecordingFormat.header)
    }

    /// A file, for its owner only.
    func write(_ text: String, _ name: String) throws(RecordingError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: folder + "/" + name), options: .atomic)
            try RecordingPlace.makePrivate(folder + "/" + name)
        } catch { throw RecordingError(folder, "\(name) cannot be written") }
    }

    /// How long the files of lines are together.
    static func length(of folder: String) -> Int {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".ndjson") }.reduce(0) { sum, name in
            sum + ((try? files.attributesOfItem(atPath: folder + "/" + name)[.size] as? Int) ?? 0)
        }
    }

    /// Only its owner may read it: it says who did what.
    static func makePrivate(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}

/// What stands for addresses in one recording. The salt is in no file of it, so that nobody can try all addresses.
final class AddressBook: Sendable {
    private let salt: [UInt8]
    private let known = Mutex(BoundedCache<String, String>(capacity: 65_536))

    init(salt: [UInt8]) { self.salt = salt }

    /// The same for the same address, within one recording: what stands for its block, and where that has more than
    /// one address a part for this one, so that a replay counts by address as the host did.
    func hidden(_ address: String) -> String {
        known.withLock { known in
            if let hidden = known[address] { return hidden }
            let block = AddressBlock.of(address)
            let part = block == address ? "" : "." + digits(of: address)
            let hidden = AddressBlock.standIn + digits(of: block) + part
            known.keep(hidden, for: address)
            return hidden
        }
    }

    /// A rate counter's key with its address hidden (`FUNCTION/address:BLOCK/WINDOW`, as the invoker makes them).
    func hiding(rateKey key: String) -> String {
        // A block may have a slash of its own.
        guard let start = key.firstIndex(of: "/"), let end = key.lastIndex(of: "/"), start < end else {
            return key
        }
        let scope = key[start..<end].dropFirst()
        // An event without an address is counted as "local".
        guard scope.hasPrefix("address:"), scope != "address:local" else { return key }
        return "\(key[...start])address:\(hidden(String(scope.dropFirst(8))))\(key[end...])"
    }

    private func digits(of text: String) -> String {
        let digest = Cryptography.hmacSHA256(key: salt, Array(text.utf8)) ?? []
        return digest.prefix(8).hexadecimal
    }

    /// A kept answer's key with its address hidden (`FUNCTION/KEY address:BLOCK`, as the invoker makes them).
    func hiding(answerKey key: String) -> String {
        guard let blank = key.firstIndex(of: " ") else { return key }
        let scope = key[blank...].dropFirst()
        guard scope.hasPrefix("address:"), scope != "address:local" else { return key }
        return key[...blank] + "address:" + hidden(String(scope.dropFirst(8)))
    }
}
