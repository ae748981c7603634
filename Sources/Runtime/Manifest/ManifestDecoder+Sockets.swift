internal import Base
internal import Functions

extension ManifestDecoder {
    mutating func sockets(_ node: YAMLNode) -> SocketSettings {
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
        if let node = fields["upgrade-timeout"] {
            settings.upgradeTimeout = duration(node, "upgrade-timeout", ManifestBounds.ping) ?? .zero
        }
        if let node = fields["send-queue"] {
            settings.sendQueue = size(node, "send-queue", ManifestBounds.sendQueue) ?? 0
        }
        if let node = fields["handshake-rate"], let rate = rate(node, "handshake-rate") {
            settings.handshakeRate = rate
        }
        if let node = fields["allowed-origins"] {
            settings.allowedOrigins = origins(node)
        }
        return settings
    }

    private mutating func rate(_ node: YAMLNode, _ what: String) -> Rate? {
        guard let text = text(node, what) else { return nil }
        do {
            return try Rate(parsing: text)
        } catch {
            report(error.description, at: node.mark, suggestion: error.suggestion)
            return nil
        }
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

    private mutating func origins(_ node: YAMLNode) -> [String] {
        var origins: [String] = []
        for item in list(node, "allowed-origins", of: "origins", atMost: ManifestBounds.origins) {
            guard let text = text(item, "an origin"), let origin = origin(text, at: item.mark) else {
                continue
            }
            if origins.contains(origin) {
                report("'\(quoted(text))' is named twice", at: item.mark)
            } else {
                origins.append(origin)
            }
        }
        return origins
    }

    private mutating func origin(_ text: String, at mark: YAMLMark) -> String? {
        if text == SocketSettings.anyOrigin { return text }
        guard let (scheme, rest) = WebOrigin.scheme(of: text) else {
            // The origin of a page without one, which is not the name of a host.
            let meant = text == "null" ? nil : WebOrigin.canonical("https://\(text)")
            report(
                "an origin is a scheme and a host, such as https://play.example, not '\(quoted(text))'",
                at: mark, suggestion: meant.map(quoted))
            return nil
        }
        // A page's origin is that of http or https even where its socket is ws or wss.
        let web = ["ws": "http", "wss": "https"][scheme] ?? nearest(scheme, among: ["https", "http"])
        if !["http", "https"].contains(scheme), let web {
            report(
                "'\(quoted(scheme))' is not the scheme of a page", at: mark,
                suggestion: WebOrigin.canonical("\(web)://\(rest)").map(quoted))
            return nil
        }
        if let origin = WebOrigin.canonical(text) { return origin }
        if text.contains("*") {
            report("'*' stands alone, for every origin; name each one in '\(quoted(text))'", at: mark)
            return nil
        }
        let meant = rest.prefix { !"/?#".contains($0) }
        report(
            "an origin has a scheme, a host and no path, unlike '\(quoted(text))'", at: mark,
            suggestion: WebOrigin.canonical("\(scheme)://\(meant)").map(quoted))
        return nil
    }
}
