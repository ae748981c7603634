internal import Functions
internal import Identity

extension ManifestDecoder {
    mutating func issuers(_ node: YAMLNode) -> [Issuer] {
        var issuers: [Issuer] = []
        var seen: [String: Int] = [:]
        for item in list(node, "auth", of: "issuers") {
            guard let fields = fields(of: item, ManifestKeys.issuer, owner: "an issuer") else { continue }
            let name = require("issuer", in: fields).flatMap { text($0, "issuer") }
            let audience = require("audience", in: fields).flatMap { text($0, "audience") }
            let algorithm = require("algorithm", in: fields).flatMap {
                choice($0, "algorithm", Issuer.Algorithm.self)
            }
            let keys = keys(fields)
            guard let name, let audience, let algorithm else { continue }
            if let line = seen.updateValue(item.mark.line, forKey: "\(name)\u{0}\(audience)") {
                report(
                    "this issuer and audience are already on line \(line); several keys are 'keys' of one entry",
                    at: item.mark)
            }
            issuers.append(Issuer(issuer: name, audience: audience, algorithm: algorithm, keys: keys))
        }
        return issuers
    }

    /// `key: …`, or `keys:` with an id for each.
    private mutating func keys(_ fields: ManifestFields) -> [Issuer.Key] {
        guard let several = fields["keys"] else {
            return [Issuer.Key(secret: require("key", in: fields).flatMap { secret($0, "key") })]
        }
        if let one = fields["key"] { report("an issuer has 'key' or 'keys', not both", at: one.mark) }
        var keys: [Issuer.Key] = []
        var seen: [String: Int] = [:]
        let items = list(several, "keys", of: "keys", atMost: ManifestBounds.keys)
        if case .sequence(let nodes) = several.value, nodes.isEmpty {
            report("'keys' needs at least one key", at: several.mark)
        }
        for item in items {
            guard let fields = self.fields(of: item, ManifestKeys.issuerKey, owner: "a key") else { continue }
            let id = require("id", in: fields).flatMap { keyID($0) }
            let secret = require("key", in: fields).flatMap { self.secret($0, "key") }
            guard let id else { continue }
            if let line = seen.updateValue(item.mark.line, forKey: id) {
                report("the key '\(quoted(id))' is already on line \(line)", at: item.mark)
            }
            keys.append(Issuer.Key(id: id, secret: secret))
        }
        return keys
    }

    private mutating func keyID(_ node: YAMLNode) -> String? {
        guard let id = text(node, "id") else { return nil }
        guard id.utf8.count <= ManifestBounds.keyIDBytes else {
            report("'id' is longer than \(ManifestBounds.keyIDBytes) bytes", at: node.mark)
            return nil
        }
        return id
    }
}
