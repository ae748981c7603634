internal import FoundationEssentials

/// Keeps the values of secret variables out of messages: such a variable may stand where it does not belong.
package struct SecretMask {
    /// What is shorter is no secret, and would be found in many a word.
    private static let shortest = 8

    private let secrets: [(name: String, value: [UInt8])]

    /// The variables that are secrets by their names.
    init(environment: [String: String]) {
        secrets = environment.filter {
            Self.isSecret($0.key) && $0.value.utf8.count >= Self.shortest
        }
        .map { ($0.key, Array($0.value.utf8)) }.sorted { $0.0 < $1.0 }
    }

    /// The text with names in place of values; nil where it has none. A value may have been cut off where it was quoted,
    /// and some messages quote in lower case.
    func masking(_ text: String) -> String? {
        var bytes = Array(text.utf8)
        var isMasked = false
        for (name, value) in secrets {
            var start = 0
            while bytes.count - start >= Self.shortest {
                let rest = bytes[start...]
                let length = zip(rest, value).prefix { Self.folded($0) == Self.folded($1) }.count
                guard length >= Self.shortest else {
                    start += 1
                    continue
                }
                let shown = Array("${\(name)}".utf8)
                bytes.replaceSubrange(start..<(start + length), with: shown)
                start += shown.count
                isMasked = true
            }
        }
        return isMasked ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// Whether an environment variable holds a secret: by its name, as such variables are called everywhere.
    package static func isSecret(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL"].contains { name.contains($0) }
    }
}
