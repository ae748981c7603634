internal import Base
internal import Runtime

/// An option of a verb: `--port N`, or a flag such as `--json`.
struct Option {
    let name: String
    /// What stands for its value in the help; nil for a flag.
    let value: String?
    let help: String
    /// Whether it may be given more than once.
    var isRepeatable = false

    /// One letter, for the help alone.
    var short: String?

    var usage: String { (short.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0)" } ?? "") }

    static let help = Option(name: "help", value: nil, help: "Print this help.", short: "h")
    static let manifest = Option(
        name: "manifest", value: "FILE", help: "The manifest (default: functions.yaml).")
    static let store = Option(
        name: "store", value: "PATH", help: "The store's file, instead of the manifest's.")
    static let record = Option(
        name: "record", value: "DIR", help: "Record every invocation into a new folder, for 'replay'.")
    static let redact = Option(
        name: "redact", value: "FIELD", help: "Leave members of this name out of the recording (repeatable).",
        isRepeatable: true)
    static let recordLimit = Option(
        name: "record-limit", value: "MB", help: "End the recording at this size (default: 4096).")
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
            guard argument.isOption else {
                guard argument == "-" || !argument.hasPrefix("-") else {
                    throw UsageError("unknown option '\(argument)'")
                }
                operands.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = verb.options.first(where: { $0.name == name }) else {
                let suggestion =
                    nearest(name, among: verb.options.map(\.name) + ["help"])
                    .map { " (did you mean '--\($0)'?)" } ?? ""
                throw UsageError("unknown option '--\(name)'\(suggestion)")
            }
            var value = parts.count > 1 ? String(parts[1]) : nil
            if option.value == nil {
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

    subscript(name: String) -> String? { values[name]?.first }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func has(_ flag: String) -> Bool { values[flag] != nil }

    /// A whole number in a range.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "--\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Whether help is asked for, in front of a `--`.
    static func askForHelp(_ arguments: ArraySlice<String>) -> Bool {
        arguments.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
    }

    /// Refuses options that say nothing beside `other`.
    func check(without names: String..., beside other: String) throws(UsageError) {
        for name in names where values[name] != nil {
            throw UsageError("--\(name) and --\(other) exclude each other")
        }
    }

    /// The id of a player, as a token's `sub` can hold it.
    func player(_ name: String) throws(UsageError) -> String? {
        guard let id = self[name] else { return nil }
        guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw UsageError("--\(name) must be 1 to 128 bytes without blanks and control characters")
        }
        return id
    }

    /// Names of roles, as a manifest can ask for them.
    func roles() throws(UsageError) -> [String] {
        for role in all("role") {
            guard let first = role.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
                role.utf8.count <= 63,
                role.utf8.allSatisfy(\.isPartOfName)
            else {
                throw UsageError("--role must be lower case letters, digits and '-', at most 63, such as ops")
            }
        }
        return all("role")
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

extension UInt8 {
    fileprivate var isPartOfName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
