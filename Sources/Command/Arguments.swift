internal import Runtime

/// An option of a verb: `--port N`, or a flag such as `--json`.
struct Option {
    let name: String
    /// What stands for its value in the help; nil for a flag.
    let value: String?
    let help: String
    /// Whether it may be given more than once.
    var isRepeatable = false

    var usage: String { "--\(name)" + (value.map { " \($0)" } ?? "") }

    static let help = Option(name: "help", value: nil, help: "Print this help.")
    static let manifest = Option(
        name: "manifest", value: "FILE", help: "The manifest (default: functions.yaml).")
    static let store = Option(name: "store", value: "PATH", help: "The store's file, instead of the manifest's.")
    static let json = Option(name: "json", value: nil, help: "Print JSON for a script.")
}

/// Arguments that a verb cannot take.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A verb's arguments: options anywhere, as `--name value` or `--name=value`; all behind `--` are operands.
struct Arguments {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]

    init(_ arguments: [String], of verb: any Verb.Type) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                return
            }
            guard argument.hasPrefix("--"), argument.count > 2 else {
                guard argument == "-" || !argument.hasPrefix("-") else {
                    throw UsageError("unknown option '\(argument)'")
                }
                operands.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = verb.options.first(where: { $0.name == name }) else {
                let suggestion = nearest(name, among: verb.options.map(\.name) + ["help"])
                    .map { " (did you mean '--\($0)'?)" } ?? ""
                throw UsageError("unknown option '--\(name)'\(suggestion)")
            }
            var value = parts.count > 1 ? String(parts[1]) : nil
            if option.value == nil {
                guard value == nil else { throw UsageError("option '--\(name)' takes no value") }
                value = ""
            } else if value == nil {
                value = rest.popFirst()
            }
            guard let value else { throw UsageError("option '--\(name)' needs a value: \(option.usage)") }
            guard option.isRepeatable || values[name] == nil else {
                throw UsageError("option '--\(name)' is given twice")
            }
            values[name, default: []].append(value)
        }
    }

    subscript(name: String) -> String? { values[name]?.first }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func has(_ flag: String) -> Bool { values[flag] != nil }

    /// A whole number in a range.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError("--\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Refuses operands beyond those that the verb takes.
    func check(operands count: Int) throws(UsageError) {
        if operands.count > count { throw UsageError("unexpected argument '\(operands[count])'") }
    }
}
