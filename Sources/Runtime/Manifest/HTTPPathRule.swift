internal import Functions

/// What a path in a manifest may be: the absolute path of a request, compared byte for byte.
enum HTTPPathRule {
    /// Paths that the host answers itself.
    static let reserved: Set<String> = ["/metrics", "/healthz", "/readyz"]

    /// What is wrong with a path, to follow "the path", or nil.
    static func violation(_ path: String) -> String? {
        guard path.hasPrefix("/") else { return "must start with '/', not '\(quoted(path))'" }
        guard path.utf8.count <= ManifestBounds.pathBytes else {
            return "is longer than \(ManifestBounds.pathBytes) bytes"
        }
        if path.contains("?") { return "has no query; leave out '?' and what follows" }
        if path.contains("#") { return "has no fragment; leave out '#' and what follows" }
        if let wrong = path.unicodeScalars.first(where: { !isPathCharacter($0) }) {
            return "cannot contain '\(quoted(String(wrong)))'"
        }
        // Clients and proxies rewrite these, so a request for them would never arrive.
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.dropLast().contains("") { return "cannot contain '//'" }
        if segments.contains(".") || segments.contains("..") { return "cannot contain '.' or '..' segments" }
        return nil
    }

    /// The path that was probably meant, where only the first slash is missing.
    static func path(near text: String) -> String? {
        text.hasPrefix("/") || violation("/" + text) != nil ? nil : quoted("/" + text)
    }

    /// RFC 3986, section 3.3, without percent-encoding: two spellings of one path would be two routes.
    private static func isPathCharacter(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return false }
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": return true
        default: return "/-._~!$&'()*+,;=:@".unicodeScalars.contains(scalar)
        }
    }
}
