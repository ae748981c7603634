import Testing

/// Documents name files that exist, and lead to pages and headings that exist.
@Suite struct DocumentTests {
    /// All but the changelog and the decisions, which tell of their own time.
    static var documents: [SourceFile] {
        SourceTree.files(under: "", endingWith: [".md"]).filter {
            $0.path != "CHANGELOG.md" && !$0.path.hasPrefix("docs/decisions/")
        }
    }
    static let extensions = [".swift", ".yaml", ".json", ".md", ".py", ".sh", ".h", ".toml", ".service"]
    static let folders = [
        "Sources/", "Tests/", "Examples/", "Benchmarks/", "docs/", "deploy/", "script/", ".ci/",
    ]

    /// What stands in backticks outside of code blocks and looks like a path of this project.
    static func namedPaths(_ file: SourceFile) -> [(line: Int, path: String)] {
        var found: [(Int, String)] = []
        for (number, line) in prose(file) {
            let parts = line.split(separator: "`", omittingEmptySubsequences: false)
            for part in stride(from: 1, to: parts.count - 1, by: 2).map({ String(parts[$0]) })
            where isPath(part) {
                found.append((number, part))
            }
        }
        return found
    }

    /// The lines outside of code blocks, with their numbers.
    static func prose(_ file: SourceFile) -> [(number: Int, line: Substring)] {
        var isInBlock = false
        return file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            index, line in
            let isFence = line.drop(while: { $0 == " " }).hasPrefix("```")
            if isFence { isInBlock.toggle() }
            return isInBlock || isFence ? nil : (index + 1, line)
        }
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

    /// A path from the root, or the end of one: `Runtime/Engine/Engine.swift`, `Engine.swift`. `NAME` is any folder.
    static func exists(_ path: String, in tree: [String]) -> Bool {
        let parts = path.split(separator: "NAME", omittingEmptySubsequences: false)
        if parts.count == 2 { return tree.contains { $0.hasPrefix(parts[0]) && $0.contains(parts[1]) } }
        return tree.contains { $0 == path || $0 == path + "/" || $0.hasSuffix("/" + path) }
    }

    static func findings(_ file: SourceFile, in tree: [String]) -> [String] {
        namedPaths(file).filter { !exists($0.path, in: tree) }.map {
            "\(file.path):\($0.line): `\($0.path)` does not exist: name where it is now"
        }
    }

    @Test func documents_nameFilesThatExist() {
        let tree = SourceTree.paths()
        #expect(Self.documents.count >= 11)
        for file in Self.documents {
            for finding in Self.findings(file, in: tree) { Issue.record("\(finding)") }
        }
    }

    /// A newcomer has five minutes.
    @Test func theReadme_isShort() {
        let lines = SourceTree.file("README.md")?.text.split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect((50..<180).contains(lines?.count ?? 0))
    }

    /// What `](…)` leads to outside of code blocks, but for other sites.
    static func links(_ file: SourceFile) -> [(line: Int, link: String)] {
        prose(file).flatMap { number, line in
            line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
                guard let end = rest.firstIndex(of: ")"), !rest.hasPrefix("http") else { return nil }
                return (number, String(rest[..<end]))
            }
        }
    }

    /// How GitHub makes an anchor of a heading.
    static func anchor(_ heading: String) -> String {
        String(
            heading.lowercased().compactMap { character in
                character == " "
                    ? "-"
                    : character.isLetter || character.isNumber || "-_".contains(character)
                        ? character : nil
            })
    }

    static func anchors(_ file: SourceFile) -> Set<String> {
        Set(
            prose(file).filter { $0.line.hasPrefix("#") }.map {
                anchor(String($0.line.drop { $0 == "#" }.dropFirst()))
            })
    }

    /// `a/../b` and `./b` as `b`, from the folder of a file.
    private static func resolved(_ link: String, from file: SourceFile) -> String {
        var parts = file.path.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    static func brokenLinks(_ file: SourceFile, in tree: [String], _ read: (String) -> SourceFile?)
        -> [String]
    {
        links(file).compactMap { number, link in
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let path = parts[0].isEmpty ? file.path : resolved(String(parts[0]), from: file)
            guard tree.contains(path) || tree.contains(path + "/") || read(path) != nil else {
                return "\(file.path):\(number): \(link) leads nowhere"
            }
            guard parts.count == 2, let page = read(path), !anchors(page).contains(String(parts[1])) else {
                return nil
            }
            return "\(file.path):\(number): \(link): there is no such heading"
        }
    }

    @Test func links_leadSomewhere() {
        let tree = SourceTree.paths()
        for file in SourceTree.files(under: "", endingWith: [".md"]) {
            for finding in Self.brokenLinks(file, in: tree, SourceTree.file) { Issue.record("\(finding)") }
        }
    }

    @Test func canary_linkThatLeadsNowhere_isFound() {
        let page = SourceFile(path: "docs/a.md", text: "# A page: of `code`\n\n## Keys\n")
        let text = "[a](a.md) [b](a.md#keys) [c](../docs/a.md#a-page-of-code) [d](https://x/y)\n"
        let bad = "[e](b.md)\n[f](a.md#locks) and [g](docs/a.md)\n"
        let findings = Self.brokenLinks(
            SourceFile(path: "docs/b.md", text: text + bad), in: ["docs/", "docs/a.md"],
            { $0 == page.path ? page : nil })
        #expect(
            findings.map { $0.prefix(12) } == ["docs/b.md:2:", "docs/b.md:3:", "docs/b.md:3:"]
        )
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
