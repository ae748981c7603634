internal import Functions

/// Puts a document's events together into a tree, within the limits of a manifest.
struct YAMLTreeBuilder {
    /// A list or a mapping that has not ended yet. A struct, so that its arrays grow in place.
    private struct Frame {
        var isMapping: Bool
        var mark: YAMLMark
        var items: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        /// The key whose value comes next.
        var key: (text: String, mark: YAMLMark)?
    }

    private var open: [Frame] = []
    private var root: YAMLNode?
    private var documents = 0
    private var nodes = 0

    /// Takes the next event.
    ///
    /// - Returns: The root, once the stream has ended.
    mutating func take(_ event: YAMLEvent) throws(YAMLError) -> YAMLNode? {
        try refuseExtras(event)
        switch event.kind {
        case .documentStart:
            documents += 1
            if documents > 1 {
                throw YAMLError(
                    message: "a manifest is one YAML document; this starts another", mark: event.mark)
            }
        case .scalar(let text, let isPlain):
            try count(event.mark)
            try add(YAMLNode(value: .scalar(text, isPlain: isPlain), mark: event.mark))
        case .sequenceStart:
            try push(Frame(isMapping: false, mark: event.mark))
        case .mappingStart:
            try push(Frame(isMapping: true, mark: event.mark))
        case .sequenceEnd, .mappingEnd:
            try close()
        case .streamEnd:
            guard let root, !root.isNull else {
                throw YAMLError(message: "the manifest is empty", mark: .start)
            }
            return root
        case .documentEnd, .alias, .other:
            break
        }
        return nil
    }

    private func refuseExtras(_ event: YAMLEvent) throws(YAMLError) {
        if case .alias = event.kind {
            throw YAMLError(message: "aliases ('*name') are not used in a manifest", mark: event.mark)
        }
        if event.hasAnchor {
            throw YAMLError(message: "anchors ('&name') are not used in a manifest", mark: event.mark)
        }
        if event.hasTag {
            throw YAMLError(message: "tags ('!name') are not used in a manifest", mark: event.mark)
        }
    }

    private mutating func count(_ mark: YAMLMark) throws(YAMLError) {
        nodes += 1
        if nodes > ManifestBounds.nodes {
            throw YAMLError(message: "the manifest has more than \(ManifestBounds.nodes) values", mark: mark)
        }
    }

    private mutating func push(_ frame: Frame) throws(YAMLError) {
        try count(frame.mark)
        guard open.count < ManifestBounds.depth else {
            throw YAMLError(message: "nested more than \(ManifestBounds.depth) levels deep", mark: frame.mark)
        }
        if let parent = open.last, parent.isMapping, parent.key == nil {
            throw Self.keyIsNotText(frame.mark)
        }
        open.append(frame)
    }

    private mutating func close() throws(YAMLError) {
        guard let frame = open.popLast() else { return }
        let value: YAMLNode.Value = frame.isMapping ? .mapping(frame.entries) : .sequence(frame.items)
        try add(YAMLNode(value: value, mark: frame.mark))
    }

    private mutating func add(_ node: YAMLNode) throws(YAMLError) {
        guard !open.isEmpty else {
            root = node
            return
        }
        let top = open.count - 1
        if !open[top].isMapping {
            open[top].items.append(node)
        } else if let key = open[top].key {
            open[top].entries.append(YAMLEntry(key: key.text, mark: key.mark, value: node))
            open[top].key = nil
        } else if case .scalar(let text, _) = node.value {
            open[top].key = (text, node.mark)
        } else {
            throw Self.keyIsNotText(node.mark)
        }
    }

    private static func keyIsNotText(_ mark: YAMLMark) -> YAMLError {
        YAMLError(message: "a key must be text", mark: mark)
    }
}
