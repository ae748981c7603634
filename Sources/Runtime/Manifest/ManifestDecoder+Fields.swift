internal import Functions

/// The entries of a mapping whose keys have been checked.
struct ManifestFields {
    fileprivate(set) var values: [String: YAMLNode] = [:]
    /// Known keys that an unknown one was probably meant to be; they are not reported as missing as well.
    fileprivate(set) var misspelt: Set<String> = []
    /// What the mapping is, for messages.
    let owner: String
    /// Where problems of the whole mapping are reported.
    var mark: YAMLMark

    subscript(key: String) -> YAMLNode? { values[key] }
}

extension ManifestDecoder {
    /// The entries of a mapping; nil, reported, if it is none.
    mutating func fields(of node: YAMLNode, _ keys: ManifestKeys, owner: String) -> ManifestFields? {
        guard case .mapping(let entries) = node.value else {
            report("\(owner) must be a mapping of keys to values, not \(node.kind)", at: node.mark)
            return nil
        }
        var fields = ManifestFields(owner: owner, mark: node.mark)
        var lines: [String: Int] = [:]
        for entry in entries {
            if let line = lines[entry.key] {
                report("duplicate key '\(quoted(entry.key))', first on line \(line)", at: entry.mark)
                continue
            }
            lines[entry.key] = entry.mark.line
            if keys.known.contains(entry.key) {
                fields.values[entry.key] = entry.value
            } else {
                reportUnknown(entry, keys, &fields)
            }
        }
        return fields
    }

    private mutating func reportUnknown(
        _ entry: YAMLEntry, _ keys: ManifestKeys, _ fields: inout ManifestFields
    ) {
        let meant = keys.meant(by: entry.key)
        if let meant { fields.misspelt.insert(meant) }
        let known = meant == nil ? "; known here: \(keys.known.joined(separator: ", "))" : ""
        report("unknown key '\(quoted(entry.key))'\(known)", at: entry.mark, suggestion: meant)
    }

    /// The value of a key that must be there.
    mutating func require(_ key: String, in fields: ManifestFields) -> YAMLNode? {
        if let node = fields[key] { return node }
        if !fields.misspelt.contains(key) {
            report("\(fields.owner) needs '\(key)'", at: fields.mark)
        }
        return nil
    }

    /// The items of a list; empty, reported, if it is none.
    mutating func list(
        _ node: YAMLNode, _ what: String, of items: String, atMost limit: Int = ManifestBounds.nodes
    ) -> [YAMLNode] {
        guard case .sequence(let nodes) = node.value else {
            report("'\(what)' must be a list of \(items), not \(node.kind)", at: node.mark)
            return []
        }
        guard nodes.count <= limit else {
            report("'\(what)' has more than \(limit) entries", at: node.mark)
            return []
        }
        return nodes
    }
}
