import Testing

/// Imports point down only (Package.swift draws the layers).
@Suite struct LayerTests {
    /// What the files of a folder may import. The longest folder that fits counts.
    static let allowed: [String: Set<String>] = [
        "Sources/Base/": ["CLinux", "Glibc"],
        "Sources/Store/Ledger/": ["Base"],
        "Sources/Store/SQLite/": ["Base", "CLinux", "CSQLite", "Glibc", "Ledger", "Synchronization"],
        "Sources/Wire/": ["Base", "CZlib"],
        "Sources/Runtime/Observability/": [
            "Base", "Glibc", "Synchronization",
        ],
        "Sources/Runtime/Functions/": [
            "Base", "FoundationEssentials", "Ledger", "Observability", "Synchronization", "Wire",
        ],
        "Sources/Runtime/Identity/": [
            "Base", "CCrypto", "CLinux", "Functions", "Observability", "Synchronization",
        ],
        "Sources/Runtime/Manifest/": [
            "Base", "CYAML", "FoundationEssentials", "Functions", "Glibc", "Identity", "Observability",
            "Schedule",
        ],
        "Sources/Runtime/Schedule/": ["Base", "FoundationEssentials", "Functions"],
        "Sources/Runtime/Engine/": [
            "Base", "Functions", "Identity", "Ledger", "Manifest", "Observability", "Synchronization",
        ],
        "Sources/Runtime/Recording/": [
            "Base", "CLinux", "Engine", "FoundationEssentials", "Functions", "Glibc", "Identity", "Ledger",
            "Manifest", "Observability", "Synchronization",
        ],
        "Sources/Runtime/ForeignEvents/": [
            "Base", "FoundationEssentials", "Functions", "Identity", "Manifest", "Observability", "Wire",
        ],
        "Sources/Runtime/Runtime/": [
            "Engine", "ForeignEvents", "Functions", "Identity", "Manifest", "Observability", "Recording",
            "Schedule",
        ],
        "Sources/Handlers/": ["Base", "FoundationEssentials", "Game", "Ledger", "Functions"],
        "Sources/Handlers/NAME/Program/": ["Command", "Handlers"],
        "Sources/Handlers/Game/": ["Base", "FoundationEssentials", "Functions"],
        "Sources/Handlers/StoryModels/": [
            "Base", "FoundationEssentials", "Functions", "Game", "Manifest", "Net", "Synchronization", "Wire",
        ],
        "Sources/LocalHost/Confinement/": ["Base", "CLinux", "Glibc", "Synchronization"],
        "Sources/LocalHost/": [
            "Base", "CLinux", "Confinement", "FoundationEssentials", "Glibc", "Ledger", "Net", "Runtime",
            "Synchronization",
            "Wire",
        ],
        "Sources/LocalHost/Net/": ["Base", "CLinux", "CTLS", "Glibc", "Synchronization"],
        "Sources/Command/": [
            "Base", "FoundationEssentials", "Glibc", "Ledger", "LocalHost", "Net", "Runtime", "SQLite",
            "Synchronization", "Wire",
        ],
        "Sources/gestaloka/": ["Command", "Handlers", "Runtime"],
    ]

    /// What `Handlers` stands for: each folder there.
    static let handlers = Set(
        SourceTree.paths().compactMap { path -> String? in
            let parts = path.split(separator: "/")
            return parts.count == 4 && parts.starts(with: ["Sources", "Handlers"]) ? String(parts[2]) : nil
        })

    static func findings(_ file: SourceFile) -> [String] {
        guard file.isSwift else { return [] }
        let folders = allowed.keys.filter { isIn($0, file.path) }
        guard let folder = folders.max(by: { $0.count < $1.count }), let allowed = allowed[folder] else {
            return ["\(file.path): its folder is not in LayerTests.allowed; say there what it may import"]
        }
        return file.code.compactMap { line in
            guard let module = importedModule(line.text), !allowed.contains(module),
                !(allowed.contains("Handlers") && handlers.contains(module))
            else { return nil }
            let reason =
                module == "Foundation"
                ? "use FoundationEssentials: the full Foundation triples the binary and its start"
                : "\(folder) may import \(allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", "))"
            return "\(file.path):\(line.number): import \(module): \(reason)"
        }
    }

    /// `NAME` in a folder's path is any folder.
    private static func isIn(_ folder: String, _ path: String) -> Bool {
        let (wanted, parts) = (folder.split(separator: "/"), path.split(separator: "/"))
        return wanted.count < parts.count && zip(wanted, parts).allSatisfy { $0 == "NAME" || $0 == $1 }
    }

    private static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
        if let first = words.first,
            ["public", "package", "internal", "fileprivate", "private"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        let name = words[kinds.contains(words[1]) && words.count > 2 ? 2 : 1]
        return name.split(separator: ".").first.map(String.init)
    }

    @Test func imports_pointDown_inEveryFile() {
        let files = SourceTree.files(under: "Sources/")
        #expect(files.count > 100)
        for finding in files.flatMap(Self.findings) { Issue.record("\(finding)") }
    }

    /// ARCHITECTURE's table says what these rules say.
    @Test func theTableOfLayers_saysTheSame() {
        let table = SourceTree.file("ARCHITECTURE.md").map(Self.table) ?? [:]
        #expect(Set(table.keys) == Set(Self.allowed.keys))
        for (folder, modules) in Self.allowed {
            #expect(table[folder] == modules, "\(folder)")
        }
    }

    /// The table's rows by folder, but for the C modules.
    static func table(_ file: SourceFile) -> [String: Set<String>] {
        var isTable = false
        var rows: [String: Set<String>] = [:]
        for (_, line) in DocumentTests.prose(file) {
            let cells = line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
            if cells == ["layer", "what it is", "may import"] { isTable = true }
            if cells.isEmpty { isTable = false }
            guard isTable, cells.count == 3, cells[0].hasPrefix("`Sources/"), cells[2] != "C headers" else {
                continue
            }
            rows[cells[0].filter { $0 != "`" }] = Set(cells[2].split(separator: ", ").map(String.init))
        }
        return rows
    }

    /// ARCHITECTURE's table of threads names each that is started.
    @Test func theTableOfThreads_namesEachThread() throws {
        let text = try #require(SourceTree.file("ARCHITECTURE.md")).text
        let table = try #require(text.firstRange(of: "## Threads")).upperBound
        let threads = text[table...].prefix { $0 != "#" }
        let names = SourceTree.files(under: "Sources/").flatMap { file in
            file.code.flatMap { line in
                line.text.split(separator: "SystemThread(named: \"", omittingEmptySubsequences: false)
                    .dropFirst().map { rest in String(rest.prefix { $0 != "\"" }) }
            }
        }
        #expect(names.count >= 4)
        for name in names { #expect(threads.contains("`\(name)`"), "\(name)") }
    }

    @Test func canary_tableThatSaysLess_differs() {
        let text = """
            | layer | what it is | may import |
            |---|---|---|
            | `Sources/System/` | modules | C headers |
            | `Sources/Store/` | state | CLinux, Glibc |

            | `Sources/Wire/` | elsewhere | CZlib |
            """
        #expect(
            Self.table(SourceFile(path: "A.md", text: text)) == ["Sources/Store/": ["CLinux", "Glibc"]])
    }

    @Test(arguments: [
        ("Sources/Store/Ledger/A.swift", "import SQLite"),
        ("Sources/Store/SQLite/A.swift", "import Runtime"),
        ("Sources/Wire/A.swift", "internal import Glibc"),
        ("Sources/Wire/HTTP/A.swift", "public import FoundationEssentials"),
        ("Sources/Runtime/Engine/A.swift", "internal import LocalHost"),
        ("Sources/Handlers/Broadcast/A.swift", "import PlayerAction"),
        ("Sources/Handlers/Broadcast/A.swift", "@preconcurrency internal import struct Command.Program"),
        ("Sources/Handlers/Game/A.swift", "import Ledger"),
        ("Sources/LocalHost/A.swift", "import Game"),
        ("Sources/LocalHost/Net/A.swift", "import LocalHost"),
        ("Sources/LocalHost/Net/A.swift", "import Runtime"),
        ("Sources/Command/A.swift", "import Foundation"),
        ("Sources/Handlers/Broadcast/Program/main.swift", "import Runtime"),
        ("Sources/Elsewhere/A.swift", ""),
    ])
    func canary_importThatPointsUp_isFound(path: String, text: String) {
        #expect(Self.findings(SourceFile(path: path, text: text)).count == 1)
    }

    @Test func canary_importThatPointsDown_isNotFound() {
        let text = "public import Functions\n// import Command\n/* import\n import LocalHost */ import Game\n"
        #expect(Self.findings(SourceFile(path: "Sources/Handlers/Broadcast/A.swift", text: text)).isEmpty)
    }
}
