internal import Base
internal import Functions

extension ManifestDecoder {
    mutating func functions(_ node: YAMLNode) -> [FunctionEntry] {
        guard case .mapping(let entries) = node.value, !entries.isEmpty else {
            let isEmpty = node.isNull || node.value == .mapping([]) || node.value == .sequence([])
            report(
                isEmpty
                    ? "'functions' is empty"
                    : "'functions' must be a mapping of names to functions, not \(node.kind)",
                at: node.mark)
            return []
        }
        var functions: [FunctionEntry] = []
        var lines: [String: Int] = [:]
        for entry in entries {
            if let line = lines.updateValue(entry.mark.line, forKey: entry.key) {
                report("duplicate function '\(quoted(entry.key))', first on line \(line)", at: entry.mark)
                continue
            }
            if !isName(entry.key) {
                report(
                    "a function's name is lower case letters, digits and '-', at most 63, not '\(quoted(entry.key))'",
                    at: entry.mark, suggestion: name(near: entry.key))
            }
            if let function = function(entry) {
                functions.append(function)
            }
        }
        return functions
    }

    private mutating func function(_ entry: YAMLEntry) -> FunctionEntry? {
        let owner = "function '\(quoted(entry.key))'"
        guard !entry.value.isNull else {
            report("\(owner) is empty; it needs 'handler'", at: entry.mark)
            return nil
        }
        guard var fields = fields(of: entry.value, ManifestKeys.function, owner: owner) else { return nil }
        fields.mark = entry.mark
        var function = FunctionEntry(name: entry.key, handler: "", line: entry.mark.line)
        if fields["command"] == nil {
            function.handler = require("handler", in: fields).flatMap { self.handler($0) } ?? ""
        }
        if let node = fields["on"] { function.triggers = triggers(node, of: entry.key) }
        if let node = fields["auth"] { function.access = access(node) ?? .authenticated }
        function.per = function.access.defaultScope
        if let node = fields["per"], let per = choice(node, "per", RateScope.self) {
            function.per = per
            if per == .caller, function.access == .none {
                report(
                    "'per: \(per.rawValue)' needs a token, and 'auth' is none", at: node.mark,
                    suggestion: "address")
            }
        }
        if let node = fields["limits"] { function.limits = limits(node, of: owner, per: function.per) }
        if let node = fields["idempotency-key"] { function.idempotencyKey = idempotencyKey(node) }
        isolation(fields, of: &function)
        if let node = fields["environment"] { function.environment = environment(node) }
        if let node = fields["hosts"] { function.hosts = hosts(node) }
        return function
    }

    private mutating func handler(_ node: YAMLNode) -> String? {
        guard let text = text(node, "handler") else { return nil }
        guard EnvironmentExpansion.isName(text[...]), text.utf8.count <= ManifestBounds.handlerBytes else {
            report("'handler' must be the name of a type, not '\(quoted(text))'", at: node.mark)
            return nil
        }
        return text
    }

    private mutating func access(_ node: YAMLNode) -> Access? {
        guard let text = text(node, "auth") else { return nil }
        if text == "none" { return Access.none }
        if text == CallerWord.manifest { return .authenticated }
        // A role that is one slip away from a keyword would lock everybody out, and nobody would see why.
        let slip = ["none", CallerWord.manifest].first {
            editDistance(Array(text.lowercased()), Array($0)) <= 1
        }
        guard slip == nil, isName(text) else {
            report(
                "'auth' must be none, \(CallerWord.manifest) or the name of a role, not '\(quoted(text))'",
                at: node.mark, suggestion: slip ?? name(near: text))
            return nil
        }
        return .role(text)
    }

    private mutating func limits(_ node: YAMLNode, of owner: String, per: RateScope) -> Limits {
        var limits = Limits()
        guard let fields = fields(of: node, ManifestKeys.limits, owner: "'limits' of \(owner)") else {
            return limits
        }
        if let node = fields["rate"] { limits.rate = rates(node) }
        if let node = fields["timeout"] {
            limits.timeout = duration(node, "timeout", ManifestBounds.timeout) ?? limits.timeout
        }
        if let node = fields["body"] { limits.body = size(node, "body", ManifestBounds.body) ?? limits.body }
        limits.process = allowance(fields)
        if let node = fields["concurrency"] {
            limits.concurrency =
                integer(node, "concurrency", ManifestBounds.concurrency) ?? limits.concurrency
        }
        if let node = fields["tokens"] {
            limits.budget = tokens(node)
            if per != .caller {
                report(
                    "'tokens' needs 'per: \(CallerWord.manifest)'; here it is '\(per.rawValue)'",
                    at: node.mark)
            }
        }
        return limits
    }

    private mutating func tokens(_ node: YAMLNode) -> Rate? {
        guard let text = text(node, "tokens") else { return nil }
        do {
            return try Rate(parsingBudget: text)
        } catch {
            report(error.description, at: node.mark, suggestion: error.suggestion)
            return nil
        }
    }

    private mutating func rates(_ node: YAMLNode) -> [Rate] {
        guard let text = text(node, "rate") else { return [] }
        do {
            return try Rate.list(parsing: text)
        } catch {
            report(error.description, at: node.mark, suggestion: error.suggestion)
            return []
        }
    }

    private mutating func idempotencyKey(_ node: YAMLNode) -> String? {
        guard let text = text(node, "idempotency-key") else { return nil }
        guard text.utf8.count <= ManifestBounds.memberBytes else {
            report("'idempotency-key' is longer than \(ManifestBounds.memberBytes) bytes", at: node.mark)
            return nil
        }
        if recoveryWindow == .zero {
            report("'idempotency-key' keeps answers for the 'recovery-window', which is 0", at: node.mark)
        }
        return text
    }

    private mutating func environment(_ node: YAMLNode) -> [String] {
        var names: [String] = []
        for item in list(node, "environment", of: "variable names") {
            guard let text = text(item, "environment") else { continue }
            if !EnvironmentExpansion.isName(text[...]) {
                report("'\(quoted(text))' cannot name an environment variable", at: item.mark)
            } else if names.contains(text) {
                report("'\(quoted(text))' is named twice", at: item.mark)
            } else {
                names.append(text)
            }
        }
        return names
    }

    private mutating func hosts(_ node: YAMLNode) -> [String] {
        var hosts: [String] = []
        for item in list(node, "hosts", of: "hosts", atMost: ManifestBounds.hosts) {
            guard let text = text(item, "a host") else { continue }
            guard let host = HostAddress.canonical(text) else {
                reportNoHost(text, at: item.mark)
                continue
            }
            if hosts.contains(host) {
                report("'\(quoted(text))' is named twice", at: item.mark)
            } else {
                hosts.append(host)
            }
        }
        return hosts
    }

    private mutating func reportNoHost(_ text: String, at mark: YAMLMark) {
        if text.contains("*") {
            report("each host is named in full, unlike '\(quoted(text))'", at: mark)
            return
        }
        let rest = WebOrigin.scheme(of: text)?.rest ?? text[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let host = authority.lastIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
        let meant = HostAddress.canonical(String(host)) ?? HostAddress.canonical("[\(text)]")
        report(
            text.contains("/")
                ? "a host has no scheme and no path, unlike '\(quoted(text))'"
                : "'\(quoted(text))' is not a host such as api.example.com or 127.0.0.1:8080",
            at: mark, suggestion: meant.map(quoted))
    }
}
