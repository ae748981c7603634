import Testing

/// Documents name files that exist.
@Suite struct DocumentTests {
    static let documents = ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"]
    static let extensions = [".swift", ".yaml", ".json", ".md", ".py", ".sh", ".h", ".toml", ".service"]
    static let folders = [
        "Sources/", "Tests/", "Examples/", "Benchmarks/", "docs/", "deploy/", "script/", ".ci/",
    ]

    /// What stands in backticks outside of code blocks and looks like a path of this project.
    static func namedPaths(_ file: SourceFile) -> [(line: Int, path: String)] {
        var isInBlock = false
        var found: [(Int, String)] = []
        for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isInBlock.toggle() }
            guard !isInBlock else { continue }
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            for part in stride(from: 1, to: parts.count - 1, by: 2).map({ String(parts[$0]) })
            where isPath(part) {
                found.append((index + 1, part))
            }
        }
        return found
    }

    private static func isPath(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "+"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, !text.hasPrefix("/"), !text.hasPrefix("var/"), !text.hasPrefix(".build/") else {
            return false
        }
        return folders.contains { text.hasPrefix($0) }
            || extensions.contains { text.hasSuffix($0) && text.count > $0.count }
    }

    /// A path from the root, or the end of one: `Runtime/Invocation/Invoker.swift`, `Invoker.swift`.
    static func exists(_ path: String, in tree: [String]) -> Bool {
        tree.contains { $0 == path || $0 == path + "/" || $0.hasSuffix("/" + path) }
    }

    static func findings(_ file: SourceFile, in tree: [String]) -> [String] {
        namedPaths(file).filter { !exists($0.path, in: tree) }.map {
            "\(file.path):\($0.line): `\($0.path)` does not exist: name where it is now"
        }
    }

    @Test func documents_nameFilesThatExist() {
        let tree = SourceTree.paths()
        for file in Self.documents.compactMap(SourceTree.file) {
            for finding in Self.findings(file, in: tree) { Issue.record("\(finding)") }
        }
    }

    @Test func canary_missingFile_isFound() {
        let tree = ["Sources/", "Sources/Wire/", "Sources/Wire/ASCII.swift"]
        let text = """
            `ASCII.swift`, `Wire/ASCII.swift`, `Sources/Wire/`, `Sources/Wire` and `var/g.json` are fine, and so are
            `POST /api/session`, `application/json`, `30/minute` and `.json`.
            ```
            `Gone.swift`
            ```
            `Sources/Gone/` and `Gone.swift` and `SCII.swift` are not.
            """
        let findings = Self.findings(SourceFile(path: "README.md", text: text), in: tree)
        #expect(findings.count == 3)
        #expect(findings.allSatisfy { $0.hasPrefix("README.md:6: ") })
    }
}
