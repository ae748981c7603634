/// The keys of one kind of mapping in a manifest. The JSON Schema beside the manifest names the same.
package struct ManifestKeys: Sendable {
    /// The keys that are known, in the order in which one writes them.
    package let known: [String]
    /// Keys people write for them, and the key they mean.
    let synonyms: [String: String]
    /// Keys of the design that this version does not have yet.
    let later: [String]

    private init(_ known: [String], synonyms: [String: String] = [:], later: [String] = []) {
        self.known = known
        self.synonyms = synonyms
        self.later = later
    }

    /// The known key that `word` was probably meant to be.
    func meant(by word: String) -> String? {
        let candidate = synonyms[word.lowercased()] ?? nearest(word, among: known + synonyms.keys.sorted())
        return candidate.map { synonyms[$0] ?? $0 }
    }

    /// The manifest itself.
    package static let document = ManifestKeys(
        ["version", "store", "guests", "auth", "sockets", "trusted-proxies", "functions"],
        synonyms: ["issuers": "auth", "proxies": "trusted-proxies", "websockets": "sockets"])
    /// An entry of `auth`.
    package static let issuer = ManifestKeys(
        ["issuer", "audience", "algorithm", "key"],
        synonyms: ["iss": "issuer", "aud": "audience", "alg": "algorithm", "secret": "key"])
    /// The mapping `sockets`.
    package static let sockets = ManifestKeys(
        ["path", "ping-interval", "ping-timeout", "max-payload", "recovery-window", "connect-timeout"],
        synonyms: ["recovery": "recovery-window", "max-http-buffer-size": "max-payload"])
    /// An entry of `functions`.
    package static let function = ManifestKeys(
        ["handler", "on", "auth", "per", "limits", "isolation", "environment"],
        synonyms: [
            "trigger": "on", "triggers": "on", "event": "on", "events": "on", "access": "auth",
            "role": "auth",
            "limit": "limits", "env": "environment",
        ],
        later: ["command", "directory", "hosts"])
    /// The mapping `limits` of a function.
    package static let limits = ManifestKeys(
        ["rate", "timeout", "body", "memory", "concurrency"],
        synonyms: ["rates": "rate", "deadline": "timeout", "size": "body"])
    /// An entry of `on`.
    package static let trigger = ManifestKeys(
        ["http", "socket", "queue"], synonyms: ["route": "http", "job": "queue", "jobs": "queue"],
        later: ["websocket", "schedule"])
    /// The long form of a queue trigger.
    package static let queue = ManifestKeys(["name", "batch"])
}
