internal import Base

/// Arguments that a verb cannot take.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A verb's arguments: options anywhere, as `--name value` or `--name=value`; all behind `--` are operands.
struct Arguments {
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]

    init(_ arguments: [String], of verb: any CommandLineForm.Type) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                return
            }
            guard argument.isOption else {
                guard argument == "-" || !argument.hasPrefix("-") else {
                    throw UsageError("unknown option '\(argument)'")
                }
                operands.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let option = try Self.option(String(parts[0]), of: verb)
            let name = option.name
            var value = parts.count > 1 ? String(parts[1]) : nil
            if option.placeholder == nil {
                guard value == nil else { throw UsageError("option '--\(name)' takes no value") }
                value = ""
            } else if value == nil, rest.first?.isOption != true {
                // A value that looks like an option is written --name=--value.
                value = rest.popFirst()
            }
            guard let value else { throw UsageError("option '--\(name)' needs a value: \(option.usage)") }
            guard option.isRepeatable || values[name] == nil else {
                throw UsageError("option '--\(name)' is given twice")
            }
            values[name, default: []].append(value)
        }
    }

    private static func option(
        _ name: String, of verb: any CommandLineForm.Type
    ) throws(UsageError) -> any OptionDeclaration {
        if let option = verb.options.first(where: { $0.name == name }) { return option }
        let names = (verb.options + [Options.help]).map(\.name)
        let suggestion = nearest(name, among: names).map { " (did you mean '--\($0)'?)" } ?? ""
        throw UsageError("unknown option '--\(name)'\(suggestion)")
    }

    /// What an option was given as.
    subscript<Value>(option: Option<Value, Never>) -> Value { option.read(values[option.name] ?? []) }

    /// What an option was given as that not every text will do for. A method, for over a subscript with typed throws the
    /// compiler (6.3.1) ends.
    func value<Value>(_ option: Option<Value, UsageError>) throws(UsageError) -> Value {
        try option.read(values[option.name] ?? [])
    }

    /// Whether an option was given.
    func has(_ option: any OptionDeclaration) -> Bool { values[option.name] != nil }

    /// Whether help is asked for, in front of a `--`.
    static func askForHelp(_ arguments: ArraySlice<String>) -> Bool {
        arguments.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
    }

    /// Refuses options that say nothing beside `other`.
    func check(
        without options: any OptionDeclaration..., beside other: any OptionDeclaration
    ) throws(UsageError) {
        for option in options where has(option) {
            throw UsageError("--\(option.name) and --\(other.name) exclude each other")
        }
    }

    /// Refuses operands beyond those that the verb takes.
    func check(operands count: Int) throws(UsageError) {
        if operands.count > count { throw UsageError("unexpected argument '\(operands[count])'") }
    }
}

extension String {
    /// `--name` or `--name=value`; neither `-` nor `--`.
    fileprivate var isOption: Bool { hasPrefix("--") && utf8.count > 2 }
}
