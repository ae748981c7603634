internal import Functions
internal import Identity
internal import Manifest

/// A manifest as a recording has it: its text without keys, and the variables that it is read with without secrets.
struct RecordedManifest {
    /// The text, with a placeholder for each key of an issuer.
    let text: String
    /// Variables by name; for a secret that stands where not any text may, a placeholder that may.
    private(set) var kept: [String: String] = [:]
    /// The names of secrets, sorted. A replay gives a placeholder for each.
    private(set) var withheld: [String] = []

    /// Throws where a key cannot be withheld, or the manifest cannot be read without a secret; `folder` is for the words.
    init(
        _ manifest: Manifest, yaml: [UInt8], environment: [String: String], folder: String
    ) throws(RecordingError) {
        // The longer ones first: another may be a part of one. A replay's own placeholder is no key.
        let keys = Self.keys(of: manifest).filter { $0 != RecordingFormat.withheld }.sorted {
            $0.utf8.count > $1.utf8.count
        }
        var text = String(decoding: yaml, as: UTF8.self)
        for key in keys { text = text.replacing(key, with: RecordingFormat.withheld) }
        self.text = text
        for name in EnvironmentExpansion.names(in: text).union(["ENVIRONMENT", "DEBUG"]).union(
            manifest.functions.flatMap(\.environment)
        ).sorted() {
            guard let value = environment[name] else { continue }
            if SecretMask.isSecret(name) || keys.contains(value) {
                withheld.append(name)
            } else {
                kept[name] = value
            }
        }
        try fit(to: environment, keys, folder)
        let kin = read(with: whole)
        let isWhole = kin != nil || text.utf8.elementsEqual(yaml)
        guard isWhole, kin.map({ Self.keys(of: $0).contains(where: keys.contains) }) != true else {
            throw RecordingError(
                folder,
                "a key stands in the manifest in a spelling that cannot be withheld; use ${SECRET_KEY} for it"
            )
        }
    }

    /// What the manifest is read with in a replay.
    var whole: [String: String] { Self.whole(kept, withheld) }

    /// The variables of a recording, with a placeholder for each that was withheld. No two are the same, for a manifest may
    /// not say everything twice.
    static func whole(_ kept: [String: String], _ withheld: [String]) -> [String: String] {
        var environment = kept
        for (index, name) in withheld.enumerated() where environment[name] == nil {
            environment[name] = RecordingFormat.placeholder(index)
        }
        return environment
    }

    /// Where the manifest cannot be read with placeholders: keeps what is an amount and only called like a secret, such
    /// as how many tokens a caller may use up, and finds a placeholder that is a path where one must be.
    private mutating func fit(
        to environment: [String: String], _ keys: [String], _ folder: String
    ) throws(RecordingError) {
        let names = withheld.filter { environment[$0].map(keys.contains) == false }
        // One that cannot be read at all is somebody else's matter.
        let actual = whole.merging(names.map { ($0, environment[$0] ?? "") }) { _, last in last }
        guard !names.isEmpty, read(with: whole) == nil, read(with: actual) != nil else { return }
        let placeholders = whole
        for name in names {
            let value = environment[name] ?? ""
            var trial = actual
            trial[name] = placeholders[name]
            guard read(with: trial) == nil else { continue }
            if Self.isAmount(value) {
                kept[name] = value
                withheld.removeAll { $0 == name }
            } else {
                kept[name] = "/" + (placeholders[name] ?? "")
            }
        }
        guard read(with: whole) == nil else { return }
        throw RecordingError(
            folder,
            "the manifest cannot be read without the value of \(names.joined(separator: ", ")), which is withheld as a secret for its name: give the variable another name"
        )
    }

    private func read(with environment: [String: String]) -> Manifest? {
        try? Manifest(yaml: text, file: RecordingFormat.manifest, environment: environment)
    }

    /// A number with its unit, several of them, or a word for yes and no: what settings are, and no secret that somebody
    /// could not guess.
    private static func isAmount(_ value: String) -> Bool {
        if ["true", "false", "yes", "no", "on", "off"].contains(value.lowercased()) { return true }
        guard value.utf8.count <= 64, value.utf8.first.map({ (0x30...0x39).contains($0) }) == true else {
            return false
        }
        // `50k/day`, `30/minute;500/hour`, `1.5M/30 days`: no more digits in a row than a number has.
        return value.split(whereSeparator: { !$0.isNumber }).allSatisfy { $0.utf8.count <= 12 }
            && value.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    private static func keys(of manifest: Manifest) -> [String] {
        manifest.auth.flatMap(\.keys).compactMap(\.secret).filter { !$0.isEmpty }
    }
}

extension EnvironmentExpansion {
    /// The variables that a manifest's text names.
    package static func names(in text: String) -> Set<String> {
        var names: Set<String> = []
        for part in text.split(separator: "${", omittingEmptySubsequences: false).dropFirst() {
            let name = part.prefix { $0 != "}" && $0 != ":" }
            if isName(name) { names.insert(String(name)) }
        }
        return names
    }
}
