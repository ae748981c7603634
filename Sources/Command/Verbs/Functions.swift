internal import Base
internal import FoundationEssentials
internal import Runtime

/// `functions`: a table of what the manifest names.
struct Functions: Verb {
    static let name = "functions"
    static let summary = "List the manifest's functions with their triggers, access and limits."
    static let operands = ""
    static let options: [any OptionDeclaration] = [Options.manifest, Options.json]
    static let details = ""

    private let program: Program
    private let arguments: Arguments

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
    }

    private struct Row: Encodable {
        let name: String
        let handler: String
        let triggers: [String]
        let next: String?
        let auth: String
        let per: String
        let rate: [String]
        let timeoutSeconds: Double
        let bodyBytes: Int
        let concurrency: Int
        let tokens: String?
        let hosts: [String]

        private enum CodingKeys: String, CodingKey {
            case name, handler, triggers, next, auth, per, rate, tokens, hosts
            case timeoutSeconds = "timeout_seconds"
            case bodyBytes = "body_bytes"
            case concurrency
        }
    }

    func run() throws -> Int32 {
        let manifest = try Workshop.manifest(program, arguments)
        let now = Platform.systemTime()
        let rows = manifest.functions.map { entry in
            Row(
                name: entry.name, handler: entry.handler, triggers: entry.triggers.map(\.description),
                next: Self.next(of: entry, after: now)?.rfc3339, auth: entry.access.description,
                per: entry.per.rawValue,
                rate: entry.limits.rate.map(\.description),
                timeoutSeconds: entry.limits.timeout.seconds, bodyBytes: entry.limits.body,
                concurrency: entry.limits.concurrency, tokens: entry.limits.budget?.budgetDescription,
                hosts: entry.hosts)
        }
        program.console.output(arguments[Options.json] ? try jsonText(rows) + "\n" : table(rows))
        return ExitStatus.done
    }

    /// One line a function, a further line for each further trigger and host. What only some functions have is a
    /// column where one of these has it.
    private func table(_ rows: [Row]) -> String {
        let hasNext = rows.contains { $0.next != nil }
        let hasTokens = rows.contains { $0.tokens != nil }
        let hasHosts = rows.contains { !$0.hosts.isEmpty }
        var lines = [["FUNCTION", "TRIGGER", "AUTH", "RATE", "TIMEOUT", "BODY", "CONCURRENCY"]]
        lines[0] += (hasNext ? ["NEXT"] : []) + (hasTokens ? ["TOKENS"] : []) + (hasHosts ? ["HOSTS"] : [])
        for row in rows {
            let rate = row.rate.isEmpty ? "-" : row.rate.joined(separator: "; ") + " per \(row.per)"
            var first = [
                row.name, row.triggers.first ?? "-", row.auth, rate, Self.time(row.timeoutSeconds),
                Self.size(row.bodyBytes), String(row.concurrency),
            ]
            if hasNext { first.append(row.next ?? "-") }
            if hasTokens { first.append(row.tokens ?? "-") }
            if hasHosts { first.append(row.hosts.first ?? "-") }
            lines.append(first)
            for index in 1..<max(row.triggers.count, row.hosts.count, 1) {
                var further = Array(repeating: "", count: first.count)
                if index < row.triggers.count { further[1] = row.triggers[index] }
                if index < row.hosts.count { further[first.count - 1] = row.hosts[index] }
                lines.append(further)
            }
        }
        return TextTable.text(lines)
    }

    /// When a function is due next by itself.
    private static func next(of entry: FunctionEntry, after now: Timestamp) -> Timestamp? {
        entry.triggers.flatMap { trigger in TriggerKind.all.compactMap { $0.next(trigger, now) } }.min()
    }

    private static func time(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? "\(Int(seconds))s" : "\(Int((seconds * 1_000).rounded()))ms"
    }

    private static func size(_ bytes: Int) -> String {
        for (unit, factor) in [("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }
}

/// JSON for a script: sorted keys, readable.
func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
