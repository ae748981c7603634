import Testing

/// `HostLimits` says that it is every limit of a host.
@Suite struct HostLimitTests {
    /// What is no limit, by file and name: what a thing is counted as, the size of a buffer, a form of a message.
    private static let others: Set<String> = [
        "OutgoingPacket.swift cost", "SendQueue.swift pieceCost", "SendQueue.swift gatheredBytes",
        "ClientShares.swift leastNoted", "TurnCredit.swift request", "TurnCredit.swift packet",
        "WorkerLink.swift headBytes", "WorkerLink.swift form",
        "WorkerLink.swift liveForm", "InstanceOutputs.swift frameHead", "InstanceOutputs.swift frameMark",
        "Mark.swift sign", "Mark.swift signBits", "ProcessRow.swift tick",
    ]

    static func findings(_ file: SourceFile) -> [String] {
        let name = file.path.split(separator: "/").last.map(String.init) ?? ""
        // A client's limits are not the host's: its callers have theirs. What is below the host, and knows no HostLimits,
        // has its numbers together likewise.
        guard !["HostLimits.swift", "ConfinementLimits.swift"].contains(name),
            !file.path.hasPrefix("Sources/LocalHost/Net/Client/")
        else {
            return []
        }
        return file.code.compactMap { line in
            let text = line.text
            // A token names a descriptor for the event loop.
            if let constant = constant(text), !constant.hasSuffix("Token"),
                !others.contains("\(name) \(constant)")
            {
                return "\(file.path):\(line.number): \(constant): a limit stands in HostLimits"
            }
            // A time in the past is where something begins.
            let isTime = [".seconds(", ".milliseconds("].contains { call in
                text.ranges(of: call).contains { range in
                    text[range.upperBound...].first?.isNumber == true
                        && !text[..<range.lowerBound].hasSuffix(".zero - ")
                }
            }
            // The least time that a timer can wait is no limit.
            guard isTime, !text.contains(".milliseconds(1))") else { return nil }
            return "\(file.path):\(line.number): a time stands in HostLimits"
        }
    }

    /// The name of a constant that is a number or a range of numbers.
    private static func constant(_ line: String) -> String? {
        guard let range = line.firstRange(of: "static let ") else { return nil }
        let parts = line[range.upperBound...].split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let name = parts[0].split(whereSeparator: { $0 == ":" || $0 == " " }).first,
            parts[1].drop(while: { $0 == " " }).first?.isNumber == true
        else { return nil }
        return String(name)
    }

    @Test func everyLimitOfAHost_isInHostLimits() {
        let files = SourceTree.files(under: "Sources/LocalHost/")
        #expect(files.count > 40)
        for finding in files.flatMap(Self.findings) { Issue.record("\(finding)") }
    }

    /// Each type of limits, `Limits` within another type by the name of its file.
    static func types(_ file: SourceFile) -> [String] {
        file.code.compactMap { line in
            let words = line.text.split { $0 == " " || $0 == ":" }
            guard let kind = words.firstIndex(where: { $0 == "struct" || $0 == "enum" }),
                let name = words.dropFirst(kind + 1).first,
                name.hasSuffix("Limits") || name.hasSuffix("Bounds")
            else { return nil }
            let stem = file.path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
            return line.text.first == " " ? "\(stem).\(name)" : String(name)
        }
    }

    /// ARCHITECTURE's table of limits names each type of them.
    @Test func theTableOfLimits_namesEachType() throws {
        let text = try #require(SourceTree.file("ARCHITECTURE.md")).text
        let table = try #require(text.firstRange(of: "## Limits")).upperBound
        let limits = text[table...].prefix { $0 != "#" }
        let types = SourceTree.files(under: "Sources/").flatMap(Self.types)
        #expect(types.count > 12)
        for type in types { #expect(limits.contains("`\(type)`"), "\(type)") }
    }

    @Test func canary_typesOfLimitsAreFound() {
        let text = "public struct ALimits: Sendable {\n    enum Limits {\nstruct B {\nlet limits = Limits()\n"
        #expect(
            Self.types(SourceFile(path: "Sources/C.swift", text: text)) == ["ALimits", "C.Limits"])
    }

    @Test(arguments: [
        ("static let most = 16", 1), ("private static let patience: Int = 5", 1),
        ("every(.seconds(30)) {}", 1), ("wait(.milliseconds(250))", 1), ("static let name = \"16\"", 0),
        ("every(limits.catchUp)", 0), (".seconds(seconds)", 0), ("var at = .zero - .seconds(1)", 0),
    ])
    func canary_limitElsewhere_isFound(line: String, count: Int) {
        #expect(Self.findings(SourceFile(path: "Sources/LocalHost/A.swift", text: line)).count == count)
    }
}
