internal import Base
internal import Functions

extension TriggerKind {
    /// `queue: mail`, or with a batch.
    static let queue = TriggerKind(
        key: "queue", help: "Jobs of this queue.", synonyms: ["job", "jobs"]
    ) { decoder, node, _ in
        decoder.queue(node)
    }
}

extension ManifestDecoder {
    fileprivate mutating func queue(_ node: YAMLNode) -> Trigger? {
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
