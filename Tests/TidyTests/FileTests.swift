import Testing

/// What every file keeps to.
@Suite struct FileTests {
    static let maximumLines = 400

    static func tooLong(_ file: SourceFile) -> [String] {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        guard lines > maximumLines else { return [] }
        return [
            "\(file.path) has \(lines) lines, more than \(maximumLines): move an aspect of its type to Type+Aspect.swift"
        ]
    }

    @Test func sources_areShort() {
        for finding in SourceTree.files(under: "Sources/").flatMap(Self.tooLong) {
            Issue.record("\(finding)")
        }
    }

    @Test func canary_longFile_isFound() {
        let long = String(repeating: "line\n", count: Self.maximumLines + 1)
        #expect(Self.tooLong(SourceFile(path: "Sources/Wire/A.swift", text: long)).count == 1)
        #expect(
            Self.tooLong(SourceFile(path: "Sources/Wire/A.swift", text: String(long.dropFirst(5)))).isEmpty)
    }

    static func sleeps(_ file: SourceFile) -> [String] {
        file.code.filter { $0.text.contains("sleep(") }.map {
            "\(file.path):\($0.number): no test sleeps: wait for what must happen, or move an injected clock"
        }
    }

    @Test func tests_doNotSleep() {
        let files = SourceTree.files(under: "Tests/").filter { !$0.path.hasPrefix("Tests/TidyTests/") }
        #expect(files.count > 20)
        for finding in files.flatMap(Self.sleeps) { Issue.record("\(finding)") }
    }

    @Test func canary_sleep_isFound() {
        let text =
            "try await Task.sleep(for: .seconds(1))\nusleep(3) // sleep(3)\n// sleep(3)\nlet asleep = 1\n"
        #expect(Self.sleeps(SourceFile(path: "Tests/A.swift", text: text)).count == 2)
    }
}
