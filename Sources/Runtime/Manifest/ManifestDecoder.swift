internal import Functions

/// Turns a YAML tree into a manifest and collects every problem on the way.
///
/// A part that is wrong becomes its default, so that the rest is still checked; the caller throws the result
/// away when there are problems.
struct ManifestDecoder {
    let file: String
    let expansion: EnvironmentExpansion
    private let mask: SecretMask
    private(set) var problems: [ManifestProblem] = []
    /// What triggers and places were seen so far.
    var claims = ManifestClaims()
    /// The paths of plain WebSockets whose messages name a route.
    var routed: Set<String> = []
    /// Where the sockets are, which no other trigger may take.
    var socketsPath = SocketSettings().path
    /// For how long answers are kept.
    var recoveryWindow = SocketSettings().recoveryWindow

    init(file: String, environment: [String: String]) {
        self.file = file
        expansion = EnvironmentExpansion(environment: environment)
        mask = SecretMask(environment: environment)
    }

    mutating func report(_ message: String, at mark: YAMLMark, suggestion: String? = nil) {
        // What is suggested for a secret may be a part of it.
        let masked = mask.masking(message)
        problems.append(
            ManifestProblem(
                file: file, line: mark.line, column: mark.column, message: masked ?? message,
                suggestion: masked == nil ? suggestion : nil))
    }

    mutating func manifest(_ root: YAMLNode) -> Manifest {
        var manifest = Manifest()
        guard isKnownVersion(root),
            let fields = fields(of: root, ManifestKeys.document, owner: "the manifest")
        else { return manifest }
        if let node = fields["store"] { manifest.store = text(node, "store") ?? manifest.store }
        if let node = fields["guests"] { manifest.allowsAnonymous = flag(node, "guests") ?? false }
        if let node = fields["auth"] { manifest.auth = issuers(node) }
        if let node = fields["sockets"] { manifest.sockets = sockets(node) }
        socketsPath = manifest.sockets.path
        recoveryWindow = manifest.sockets.recoveryWindow
        if let node = fields["websockets"] { manifest.websockets = websockets(node) }
        if let node = fields["trusted-proxies"] { manifest.trustedProxies = proxies(node) }
        if let node = fields["forwarded-header"] {
            manifest.forwardedHeader =
                choice(node, "forwarded-header", ForwardedHeader.self) ?? .xForwardedFor
        }
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
}
