internal import Base
internal import Functions

extension ManifestDecoder {
    mutating func triggers(_ node: YAMLNode, of function: String) -> [Trigger] {
        var triggers: [Trigger] = []
        for item in list(node, "on", of: "triggers") {
            guard let fields = fields(of: item, ManifestKeys.trigger, owner: "a trigger"),
                case .mapping(let entries) = item.value
            else { continue }
            let first = entries.first { TriggerKind.byKey[$0.key] != nil } ?? entries.first
            guard let first else {
                report("a trigger is \(alternatives(TriggerKind.all.map(\.key)))", at: item.mark)
                continue
            }
            guard TriggerKind.byKey[first.key] != nil else {
                if let owner = TriggerKind.all.first(where: { $0.options.contains(first.key) }) {
                    report(
                        "'\(first.key)' stands beside '\(owner.key)', in the same entry of the list; leave out its '- '",
                        at: first.mark)
                }
                continue
            }
            let options = options(of: first, entries, fields)
            for entry in entries where options[entry.key] == nil {
                guard let value = fields[entry.key], value == entry.value,
                    let kind = TriggerKind.byKey[entry.key],
                    let trigger = kind.read(&self, value, entry.key == first.key ? options : [:])
                else { continue }
                claim(trigger, of: kind, for: function, at: value.mark)
                triggers.append(trigger)
            }
        }
        return triggers
    }

    /// What stands beside an entry's first kind and belongs to it. Whatever else does is reported.
    private mutating func options(
        of first: YAMLEntry, _ entries: [YAMLEntry], _ fields: ManifestFields
    ) -> [String: YAMLNode] {
        let known = TriggerKind.byKey[first.key]?.options ?? []
        var options: [String: YAMLNode] = [:]
        var isReported = false
        for entry in entries where entry.key != first.key {
            if known.contains(entry.key) {
                options[entry.key] = fields[entry.key]
            } else if !isReported, fields[entry.key] != nil {
                let isOption = TriggerKind.byKey[entry.key] == nil
                report(
                    isOption
                        ? "'\(entry.key)' does not belong to '\(quoted(first.key))'"
                        : "each trigger is a list entry of its own; put '- ' before this key",
                    at: entry.mark)
                isReported = true
            }
        }
        return options
    }
}
