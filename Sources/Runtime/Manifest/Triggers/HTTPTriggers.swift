internal import Base
internal import Functions

extension TriggerKind {
    /// `http: POST /api/session`.
    static let http = TriggerKind(
        key: "http", help: "A request with exactly this method and path.", synonyms: ["route"]
    ) { decoder, node, _ in
        decoder.http(node)
    } check: { decoder, trigger, mark in
        guard case .http("GET", let path) = trigger, let line = decoder.claims.endpoints[path] else { return }
        decoder.report("'\(quoted(path))' is already the path of a websocket on line \(line)", at: mark)
    }
}

extension ManifestDecoder {
    fileprivate mutating func http(_ node: YAMLNode) -> Trigger? {
        guard let text = text(node, "http") else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let method = parts.first, let rest = parts.last else {
            let suggestion = text.hasPrefix("/") ? "POST \(quoted(text))" : nil
            report(
                "'http' must be a method and a path, such as POST /api/x, not '\(quoted(text))'",
                at: node.mark,
                suggestion: suggestion)
            return nil
        }
        guard Trigger.methods.contains(String(method)) else {
            let upper = method.uppercased()
            let meant =
                Trigger.methods.contains(upper) ? upper : nearest(String(method), among: Trigger.methods)
            report(
                "the method must be \(alternatives(Trigger.methods)), not '\(quoted(String(method)))'",
                at: node.mark,
                suggestion: meant)
            return nil
        }
        let path = String(rest.drop { $0 == " " })
        if let reason = HTTPPathRule.violation(path) {
            let meant = HTTPPathRule.path(near: path).map { "\(method) \($0)" }
            report("the path \(reason)", at: node.mark, suggestion: meant)
            return nil
        }
        if HTTPPathRule.reserved.contains(path) || (path + "/").hasPrefix(socketsPath) {
            report("'\(quoted(path))' belongs to the host", at: node.mark)
            return nil
        }
        return .http(method: String(method), path: path)
    }
}
