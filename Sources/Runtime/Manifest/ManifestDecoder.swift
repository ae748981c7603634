/// Turns a YAML tree into a manifest and collects every problem on the way.
///
/// A part that is wrong becomes its default, so that the rest is still checked; the caller throws the result
/// away when there are problems.
struct ManifestDecoder {
    let file: String
    let expansion: EnvironmentExpansion
    private(set) var problems: [ManifestProblem] = []
    /// Triggers seen so far, by what makes them clash.
    var taken: [String: TriggerOwner] = [:]
    /// Where the sockets are, which no http trigger may take.
    var socketsPath = SocketSettings().path

    init(file: String, environment: [String: String]) {
        self.file = file
        expansion = EnvironmentExpansion(environment: environment)
    }

    mutating func report(_ message: String, at mark: YAMLMark, suggestion: String? = nil) {
        problems.append(
            ManifestProblem(
                file: file, line: mark.line, column: mark.column, message: message, suggestion: suggestion))
    }

    mutating func manifest(_ root: YAMLNode) -> Manifest {
        var manifest = Manifest()
        guard isKnownVersion(root),
            let fields = fields(of: root, ManifestKeys.document, owner: "the manifest")
        else { return manifest }
        if let node = fields["store"] { manifest.store = text(node, "store") ?? manifest.store }
        if let node = fields["guests"] { manifest.guests = flag(node, "guests") ?? false }
        if let node = fields["auth"] { manifest.auth = issuers(node) }
        if let node = fields["sockets"] { manifest.sockets = sockets(node) }
        socketsPath = manifest.sockets.path
        if let node = fields["trusted-proxies"] { manifest.trustedProxies = proxies(node) }
        if let node = require("functions", in: fields) { manifest.functions = functions(node) }
        return manifest
    }

    /// Anything else about a manifest of another version would be guesswork, so it is the only problem reported.
    private mutating func isKnownVersion(_ root: YAMLNode) -> Bool {
        guard case .mapping(let entries) = root.value else { return true }
        guard let entry = entries.first(where: { $0.key == "version" }) else {
            let isMisspelt = entries.contains { ManifestKeys.document.meant(by: $0.key) == "version" }
            if !isMisspelt {
                report("the manifest needs 'version: 1'", at: root.mark)
            }
            return true
        }
        guard let version = text(entry.value, "version"), version != "1" else { return true }
        report("version '\(quoted(version))' is not known here", at: entry.value.mark, suggestion: "1")
        return false
    }

    private mutating func issuers(_ node: YAMLNode) -> [Issuer] {
        var issuers: [Issuer] = []
        var seen: [String: Int] = [:]
        for item in list(node, "auth", of: "issuers") {
            guard let fields = fields(of: item, ManifestKeys.issuer, owner: "an issuer") else { continue }
            let name = require("issuer", in: fields).flatMap { text($0, "issuer") }
            let audience = require("audience", in: fields).flatMap { text($0, "audience") }
            let algorithm = require("algorithm", in: fields).flatMap {
                choice($0, "algorithm", Issuer.Algorithm.self)
            }
            let key = require("key", in: fields).flatMap { secret($0, "key") }
            guard let name, let audience, let algorithm else { continue }
            if let line = seen.updateValue(item.mark.line, forKey: "\(name)\u{0}\(audience)") {
                report("this issuer and audience are already on line \(line)", at: item.mark)
            }
            issuers.append(Issuer(issuer: name, audience: audience, algorithm: algorithm, key: key))
        }
        return issuers
    }

    private mutating func sockets(_ node: YAMLNode) -> SocketSettings {
        var settings = SocketSettings()
        guard let fields = fields(of: node, ManifestKeys.sockets, owner: "'sockets'") else { return settings }
        if let node = fields["path"] {
            settings.path = socketsPath(node) ?? settings.path
        }
        if let node = fields["ping-interval"] {
            settings.pingInterval = duration(node, "ping-interval", ManifestBounds.ping) ?? .zero
        }
        if let node = fields["ping-timeout"] {
            settings.pingTimeout = duration(node, "ping-timeout", ManifestBounds.ping) ?? .zero
        }
        if let node = fields["max-payload"] {
            settings.maxPayload = size(node, "max-payload", ManifestBounds.maxPayload) ?? 0
        }
        if let node = fields["recovery-window"] {
            settings.recoveryWindow =
                duration(node, "recovery-window", ManifestBounds.recoveryWindow) ?? .zero
        }
        if let node = fields["connect-timeout"] {
            settings.connectTimeout = duration(node, "connect-timeout", ManifestBounds.ping) ?? .zero
        }
        return settings
    }

    private mutating func socketsPath(_ node: YAMLNode) -> String? {
        guard let written = text(node, "path") else { return nil }
        if let reason = HTTPPathRule.violation(written) {
            report("'path' \(reason)", at: node.mark, suggestion: HTTPPathRule.path(near: written))
            return nil
        }
        let path = written.hasSuffix("/") ? written : written + "/"
        if path == "/" || HTTPPathRule.reserved.contains(String(path.dropLast())) {
            report("'\(quoted(written))' belongs to the host", at: node.mark, suggestion: "/socket.io/")
            return nil
        }
        return path
    }

    private mutating func proxies(_ node: YAMLNode) -> [String] {
        var proxies: [String] = []
        for item in list(node, "trusted-proxies", of: "IP addresses") {
            guard let text = text(item, "a trusted proxy") else { continue }
            if let address = IPLiteral.canonical(text) {
                proxies.append(address)
            } else if text.contains("/") {
                report("'\(quoted(text))' is a range; name each proxy's own address", at: item.mark)
            } else {
                report("'\(quoted(text))' is not an IPv4 or IPv6 address", at: item.mark)
            }
        }
        return proxies
    }
}
