internal import Functions
internal import Identity

extension ManifestDecoder {
    mutating func proxies(_ node: YAMLNode) -> [String] {
        var proxies: [String] = []
        for item in list(node, "trusted-proxies", of: "IP addresses") {
            guard let text = text(item, "a trusted proxy") else { continue }
            if let address = IPLiteral.canonical(text) {
                proxies.append(address)
            } else if text.contains("/") {
                report("'\(quoted(text))' is a range; name each proxy's own address", at: item.mark)
            } else {
                report("'\(quoted(text))' is not an IPv4 or IPv6 address", at: item.mark)
            }
        }
        return proxies
    }
}
