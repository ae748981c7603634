internal import Base

extension ManifestDecoder {
    mutating func triggers(_ node: YAMLNode, of function: String) -> [Trigger] {
        var triggers: [Trigger] = []
        for item in list(node, "on", of: "triggers") {
            guard let fields = fields(of: item, ManifestKeys.trigger, owner: "a trigger"),
                case .mapping(let entries) = item.value
            else { continue }
            guard let first = entries.first else {
                report("a trigger is \(alternatives(ManifestKeys.trigger.known))", at: item.mark)
                continue
            }
            if let second = entries.dropFirst().first, fields[second.key] != nil, second.key != first.key {
                report("each trigger is a list entry of its own; put '- ' before this key", at: second.mark)
            }
            for entry in entries {
                guard let value = fields[entry.key], value == entry.value else { continue }
                guard let trigger = trigger(entry) else { continue }
                claim(trigger, for: function, at: entry.value.mark)
                triggers.append(trigger)
            }
        }
        return triggers
    }

    private mutating func trigger(_ entry: YAMLEntry) -> Trigger? {
        switch entry.key {
        case "http": http(entry.value)
        case "socket": socket(entry.value)
        case "websocket": websocket(entry.value)
        default: queue(entry.value)
        }
    }

    private mutating func http(_ node: YAMLNode) -> Trigger? {
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

    private mutating func queue(_ node: YAMLNode) -> Trigger? {
        var name = node
        var batch = 1
        if case .mapping = node.value {
            guard let fields = fields(of: node, ManifestKeys.queue, owner: "a queue") else { return nil }
            if let node = fields["batch"] { batch = integer(node, "batch", ManifestBounds.batch) ?? 1 }
            guard let node = require("name", in: fields) else { return nil }
            name = node
        }
        guard let text = text(name, "queue") else { return nil }
        guard isName(text) else {
            report(
                "a queue's name is lower case letters, digits and '-', at most 63, not '\(quoted(text))'",
                at: name.mark, suggestion: self.name(near: text))
            return nil
        }
        return .queue(name: text, batch: batch)
    }
}
