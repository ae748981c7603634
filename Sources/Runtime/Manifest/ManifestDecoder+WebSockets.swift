internal import Functions

extension ManifestDecoder {
    /// The entries of `websockets`, by path.
    mutating func websockets(_ node: YAMLNode) -> [String: WebSocketSettings] {
        guard case .mapping(let entries) = node.value else {
            report("'websockets' must be a mapping of paths to settings, not \(node.kind)", at: node.mark)
            return [:]
        }
        guard entries.count <= ManifestBounds.websockets else {
            report("'websockets' has more than \(ManifestBounds.websockets) entries", at: node.mark)
            return [:]
        }
        var websockets: [String: WebSocketSettings] = [:]
        for entry in entries {
            if let line = claims.endpoints[entry.key] {
                report("duplicate websocket '\(quoted(entry.key))', first on line \(line)", at: entry.mark)
                continue
            }
            claimEndpoint(entry.key, at: entry.mark)
            _ = isWebSocketPath(entry.key, at: entry.mark)
            websockets[entry.key] = webSocket(entry.value, of: entry.key)
        }
        return websockets
    }

    /// Whether the host may answer a WebSocket at this path; reported, if not.
    mutating func isWebSocketPath(_ path: String, at mark: YAMLMark, route: String = "") -> Bool {
        if let reason = HTTPPathRule.violation(path) {
            report(
                "the path \(reason)", at: mark,
                suggestion: HTTPPathRule.path(near: path).map { $0 + quoted(route) })
            return false
        }
        if path == EventName.mainNamespace {
            report("'/' is the main namespace of Socket.IO; a websocket needs another path", at: mark)
            return false
        }
        if HTTPPathRule.reserved.contains(path) || (path + "/").hasPrefix(socketsPath) {
            report("'\(quoted(path))' belongs to the host", at: mark)
            return false
        }
        return true
    }

    private mutating func webSocket(_ node: YAMLNode, of path: String) -> WebSocketSettings {
        var settings = WebSocketSettings()
        let owner = "websocket '\(quoted(path))'"
        guard !node.isNull, let fields = fields(of: node, ManifestKeys.websocket, owner: owner) else {
            return settings
        }
        if let node = fields["route-by"] { settings.routeBy = routeBy(node) }
        // A route that only the misspelt key would have made possible is not another problem.
        if fields["route-by"] != nil || fields.misspelt.contains("route-by") { routed.insert(path) }
        if let node = fields["deflate"] { settings.deflate = flag(node, "deflate") ?? false }
        if let node = fields["subprotocols"] { settings.subprotocols = subprotocols(node) }
        if let node = fields["max-payload"] {
            settings.maxPayload = size(node, "max-payload", ManifestBounds.maxPayload)
        }
        return settings
    }

    private mutating func routeBy(_ node: YAMLNode) -> String? {
        guard let text = text(node, "route-by") else { return nil }
        guard text.utf8.count <= ManifestBounds.memberBytes, !hasControlCharacters(text) else {
            report(
                "'route-by' must be the name of a message's member, at most \(ManifestBounds.memberBytes) bytes, not '\(quoted(text))'",
                at: node.mark)
            return nil
        }
        return text
    }

    private mutating func subprotocols(_ node: YAMLNode) -> [String] {
        var names: [String] = []
        for item in list(node, "subprotocols", of: "names", atMost: ManifestBounds.subprotocols) {
            guard let text = text(item, "a subprotocol") else { continue }
            if text.utf8.count > ManifestBounds.subprotocolBytes || !text.utf8.allSatisfy(isTokenByte) {
                report(
                    "a subprotocol's name is letters, digits and !#$%&'*+-.^_`|~, at most "
                        + "\(ManifestBounds.subprotocolBytes), not '\(quoted(text))'", at: item.mark)
            } else if names.contains(text) {
                report("'\(quoted(text))' is named twice", at: item.mark)
            } else {
                names.append(text)
            }
        }
        return names
    }

    /// RFC 9110, section 5.6.2, which RFC 6455, section 4.1, asks for.
    private func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
