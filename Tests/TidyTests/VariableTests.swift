import Testing

/// Environment variables: what the code reads, what docs/configuration.md says and what `.env.example` offers are the
/// same.
@Suite struct VariableTests {
    /// Set by the program itself, for itself: in the document, but not in its table.
    private static let internals: Set<String> = [
        "GESTALOKA_WORKER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT", "PATH", "_LAMBDA_TELEMETRY_LOG_FD",
    ]
    /// Not for a file that is to be copied: one goes to the C library, not to the program, and platforms set the others.
    private static let notOffered: Set<String> = [
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_RUNTIME_API", "GLIBC_TUNABLES",
        "LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "PORT", "TMPDIR", "WATCHDOG_PID", "WATCHDOG_USEC",
    ]

    /// Names between `before` and `after` in a text that are names of variables.
    private static func names(in text: String, after before: String, until ends: Set<Character>) -> [String] {
        text.split(separator: before, omittingEmptySubsequences: false).dropFirst().compactMap { rest in
            let name = rest.prefix { !ends.contains($0) }
            let isName =
                !name.isEmpty && name.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
                && rest.dropFirst(name.count).first.map(ends.contains) == true
            return isName ? String(name) : nil
        }
    }

    /// The variables that Swift code reads or sets.
    static func inCode(_ file: SourceFile) -> Set<String> {
        let text = file.code.map(\.text).joined(separator: "\n")
        let forms = [
            "environment[\"", "getenv(\"", "setenv(\"", "static let variable = \"", "variable: \"",
        ]
        return Set(forms.flatMap { names(in: text, after: $0, until: ["\""]) })
    }

    /// The variables that a manifest expands.
    static func inManifest(_ file: SourceFile) -> Set<String> {
        Set(names(in: yaml(file), after: "${", until: ["}", ":"]))
    }

    private static func yaml(_ file: SourceFile) -> String {
        file.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
    }

    /// The rows of the table of variables: name, meaning, what holds without it.
    static func table(_ file: SourceFile) -> [String: String] {
        var rows: [String: String] = [:]
        for (_, line) in DocumentTests.prose(file) {
            let cells = line.split(separator: "|").map(String.init)
            guard cells.count == 3, cells[0].hasPrefix(" `") else { continue }
            let name = cells[0].filter { $0 != "`" && $0 != " " }
            guard name.allSatisfy({ $0.isUppercase || $0 == "_" }) else { continue }
            rows[name] = cells[2]
        }
        return rows
    }

    /// The names in `.env.example`, also those that are commented out.
    static func offered(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let line = line.hasPrefix("#") ? line.dropFirst() : line
                let name = line.prefix { $0 != "=" }
                let isName = name.count < line.count && name.allSatisfy { $0.isUppercase || $0 == "_" }
                return isName ? String(name) : nil
            })
    }

    private let code: Set<String>
    private let manifest: SourceFile
    private let document: SourceFile

    init() throws {
        code = SourceTree.files(under: "Sources/").map(Self.inCode).reduce([]) { $0.union($1) }
        manifest = try #require(SourceTree.file("functions.yaml"))
        document = try #require(SourceTree.file("docs/configuration.md"))
    }

    @Test func everyVariable_isInTheTable_andEveryRowIsAVariable() {
        let known = code.union(Self.inManifest(manifest))
        #expect(known.isSuperset(of: ["ENVIRONMENT", "SECRET_KEY", "STORY_MODEL_URL", "GESTALOKA_WORKER"]))
        #expect(Set(Self.table(document).keys) == known.subtracting(Self.internals))
        for name in Self.internals { #expect(document.text.contains("`\(name)`")) }
    }

    @Test func everyVariable_isOffered_andNothingElse() throws {
        let example = try #require(SourceTree.file(".env.example")).text
        #expect(Self.offered(example) == Set(Self.table(document).keys).subtracting(Self.notOffered))
    }

    /// `${NAME:-default}`: the table says the same default.
    @Test func theTable_hasTheManifestsDefaults() {
        let table = Self.table(document)
        for part in Self.yaml(manifest).split(separator: "${").dropFirst() {
            let value = part.prefix { $0 != "}" }
            guard let range = value.firstRange(of: ":-") else { continue }
            let (name, fallback) = (String(value[..<range.lowerBound]), value[range.upperBound...])
            #expect(table[name]?.contains("`\(fallback)`") == true, "\(name): \(fallback)")
        }
    }

    /// Every key that the manifest's schema has is in the document.
    @Test func everyKeyOfTheManifest_isInTheDocument() throws {
        let schema = try #require(SourceTree.file("functions.schema.json")).text
        // A property's value is an object of its own line, or in braces behind the name.
        let words: Set<String> = [
            "properties", "items", "propertyNames", "additionalProperties", "definitions", "variable",
            "duration", "size", "name", "issuerKey", "function", "trigger", "not", "dependencies",
        ]
        let keys = schema.split(separator: "\n").compactMap { line -> String? in
            let line = line.drop { $0 == " " }
            guard line.hasPrefix("\""), line.contains("\": {") else { return nil }
            let key = line.dropFirst().prefix { $0 != "\"" }
            return key.hasPrefix("$") || words.contains(String(key)) ? nil : String(key)
        }
        #expect(keys.count > 40)
        for key in Set(keys) { #expect(document.text.contains("`\(key)`"), "\(key)") }
    }

    @Test func canary_variablesAreFound() {
        let text = """
            let a = environment["ONE"] // environment["TWO"]
            let b = environment[name], c = getenv("THREE")
            """
        #expect(Self.inCode(SourceFile(path: "A.swift", text: text)) == ["ONE", "THREE"])
        #expect(
            Self.inManifest(SourceFile(path: "a.yaml", text: "# ${C}\na: ${A:-b} ${B_C}")) == ["A", "B_C"])
        #expect(Self.offered("# A sentence.\n#B=\nC=1\n# D=2\n") == ["B", "C"])
        let table =
            "| variable | meaning | without it |\n|---|---|---|\n| `A_B` | x | `y` |\n| `c` | d | e |\n"
        #expect(Self.table(SourceFile(path: "a.md", text: table)) == ["A_B": " `y` "])
    }
}
