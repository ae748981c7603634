import FoundationEssentials
import Runtime
import TestSupport
import Testing

/// Bytes of a good manifest, changed at random: always a manifest or problems, each at a place of the text.
@Suite struct ManifestFuzzTests {
    private static let tokens = [
        "&a ", "*a ", "!!str ", "---\n", "{", "}", "[", "]", ": ", "- ", "\t", "\n", "'", "\"", "|\n", "? ",
        "#",
        "${", "${EMPTY}", "$$", "%YAML 1.1\n", "\u{0}", "\u{85}", "\u{2028}", "日", "\u{FEFF}",
        "99999999999999999999",
        "<<: ", "~", "null",
    ]

    @Test func anyChange_givesAManifestOrProblems() throws {
        let root = ManifestFixtures.folder.appending(path: "../../../..").standardized
        let good = try Array(Data(contentsOf: root.appending(path: "functions.yaml")))
        let seed: UInt64 = 0x6765_7374_616C_6F6B
        var random = SplitMix64(seed: seed)
        var accepted = 0
        var refused = 0
        for iteration in 0..<1500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                Self.mutate(&bytes, &random)
            }
            do {
                _ = try Manifest(yaml: bytes, file: "f", environment: ManifestFixtures.environment)
                accepted += 1
            } catch {
                refused += 1
                let comment: Comment = "seed \(seed), iteration \(iteration): \(error)"
                #expect((1...20).contains(error.problems.count), comment)
                #expect(error.problems.allSatisfy { Self.isInside($0, bytes) }, comment)
            }
        }
        // Both ways must have been tried, or the changes are too small or too large to show anything.
        #expect(accepted > 50)
        #expect(refused > 50)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
        let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
        guard place < end else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<end)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 3: bytes.insert(contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: place)
        default: bytes.removeSubrange(Int.random(in: place..<bytes.count, using: &random)...)
        }
    }

    /// A place may be one behind the last line or character, where a text ends too early.
    private static func isInside(_ problem: ManifestProblem, _ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
        let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
        let lines = text.split(omittingEmptySubsequences: false) { breaks.contains($0) }
        let longest = text.split(separator: "\n").map(\.count).max() ?? 0
        return (1...lines.count + 1).contains(problem.line) && (1...longest + 2).contains(problem.column)
    }
}
