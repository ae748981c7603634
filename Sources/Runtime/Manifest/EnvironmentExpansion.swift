/// Puts environment variables into one value: `${NAME}`, `${NAME:-default}`, and `$$` for a dollar sign.
///
/// It works on values that YAML has already delimited, so that no variable can change the manifest's structure.
/// A `$` in front of anything else stands for itself, as in `$connect`.
package struct EnvironmentExpansion {
    enum Failure: Error, Equatable {
        /// `${` without `}`.
        case unclosed
        /// Not `[A-Za-z_][A-Za-z0-9_]*` between the braces.
        case badName
        /// `${` inside a default.
        case nested
        /// A variable without a default that has no value.
        case unset(name: String)
    }

    let environment: [String: String]

    /// The text with every reference replaced; `${NAME}` of a variable that is set but empty is empty, while
    /// `:-` counts an empty variable as unset, as in a shell.
    func expand(_ text: String) throws(Failure) -> String {
        var rest = text[...]
        guard rest.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                result += "$"
                rest.removeFirst()
            case "{":
                guard let close = rest.firstIndex(of: "}") else { throw .unclosed }
                result += try value(of: rest[..<close].dropFirst())
                rest = rest[rest.index(after: close)...]
            default:
                result += "$"
            }
        }
        return result + rest
    }

    private func value(of reference: Substring) throws(Failure) -> String {
        let name = reference.prefix { $0 != ":" }
        guard Self.isName(name) else { throw .badName }
        let rest = reference[name.endIndex...]
        let value = environment[String(name)]
        if rest.isEmpty {
            guard let value else { throw .unset(name: String(name)) }
            return value
        }
        guard rest.hasPrefix(":-") else { throw .badName }
        let fallback = rest.dropFirst(2)
        if let dollar = fallback.firstIndex(of: "$"), fallback[dollar...].hasPrefix("${") { throw .nested }
        return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(fallback)
    }

    /// Whether this can name an environment variable.
    package static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
