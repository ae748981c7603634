internal import Ledger
internal import LocalHost
internal import Runtime

/// `check`: whether the manifest can be served here.
struct Check: Verb {
    static let name = "check"
    static let summary = "Check the manifest, and whether it may be served in this environment."
    static let operands = "[FILE]"
    static let options: [any OptionDeclaration] = [Options.manifest, Options.json]
    static let details = """
        Also tells the version of the SQLite library, and whether it has the fix of the WAL-reset bug
        (3.51.3, 3.50.7, 3.44.6 and later). Where it has not, this program works around it.
        With functions in processes of their own: what keeps each of their limits on this machine.
        """

    private let program: Program
    private let arguments: Arguments

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 1)
        guard arguments.operands.isEmpty || arguments[Options.manifest] == nil else {
            throw UsageError("the manifest is named twice")
        }
        self.program = program
        self.arguments = arguments
    }

    private struct Report: Encodable {
        let manifest: String
        let ok: Bool
        let functions: Int
        let problems: [String]
        let warnings: [String]
        /// What keeps each limit of a process, where a function has one of its own.
        let enforcement: [(limit: String, kept: String)]

        private struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }

            init(_ name: String) { stringValue = name }
            init?(stringValue: String) { self.init(stringValue) }
            init?(intValue: Int) { nil }
        }

        /// The members, and each engine under its name.
        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Key.self)
            try members.encode(manifest, forKey: Key("manifest"))
            try members.encode(ok, forKey: Key("ok"))
            try members.encode(functions, forKey: Key("functions"))
            try members.encode(problems, forKey: Key("problems"))
            try members.encode(warnings, forKey: Key("warnings"))
            if !enforcement.isEmpty {
                var limits = members.nestedContainer(keyedBy: Key.self, forKey: Key("limits"))
                for (limit, kept) in enforcement { try limits.encode(kept, forKey: Key(limit)) }
            }
            for engine in StoreEngines.all.map(\.about) {
                var facts = members.nestedContainer(keyedBy: Key.self, forKey: Key(engine.name))
                try facts.encode(engine.version, forKey: Key("version"))
                for (name, isSo) in engine.facts { try facts.encode(isSo, forKey: Key(name)) }
            }
        }
    }

    func run() throws -> Int32 {
        let file = arguments.operands.first ?? Workshop.manifestFile(arguments)
        var functions = 0
        var problems: [String] = []
        var warnings: [String] = []
        var enforcement: [(limit: String, kept: String)] = []
        do {
            let settings = try Settings(environment: program.environment)
            let manifest = try Manifest(contentsOf: file, environment: program.environment)
            functions = manifest.functions.count
            if manifest.functions.contains(where: { $0.isolation == .process }) {
                enforcement = InstanceHost.enforcement
            }
            let store = try StoreEngines.store(manifest.store)
            warnings = store.warnings
            problems =
                program.functions.missing(from: manifest, file: file)
                + program.functions.objections(to: manifest, file: file)
                + FunctionPrograms.objections(to: manifest, file: file)
            // Development makes what is missing; only production can be refused.
            if settings.stage == .production { _ = try settings.ready(manifest, keysAt: store.place) }
        } catch {
            problems += "\(error)".split(separator: "\n").map(String.init)
        }
        if arguments[Options.json] {
            let report = Report(
                manifest: file, ok: problems.isEmpty, functions: functions, problems: problems,
                warnings: warnings, enforcement: enforcement)
            program.console.output(try jsonText(report) + "\n")
            return problems.isEmpty ? ExitStatus.done : ExitStatus.failed
        }
        if !warnings.isEmpty {
            program.console.error(warnings.map { "warning: \($0)\n" }.joined())
        }
        if problems.isEmpty {
            program.console.output(
                "\(file): ok, \(functions) function\(functions == 1 ? "" : "s")\n"
                    + StoreEngines.all.map { $0.about.line + "\n" }.joined()
                    + enforcement.map { "limit \($0.limit): \($0.kept)\n" }.joined())
        } else {
            program.console.error(problems.joined(separator: "\n") + "\n")
        }
        return problems.isEmpty ? ExitStatus.done : ExitStatus.failed
    }
}
