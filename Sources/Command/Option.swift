internal import Base

/// What a verb says of an option once: from it come the help, the reading of a command line and the suggestion for a
/// name that is half typed.
protocol OptionDeclaration: Sendable {
    var name: String { get }
    /// What stands for its value in the help; nil for a flag.
    var placeholder: String? { get }
    var help: String { get }
    /// Whether it may be given more than once.
    var isRepeatable: Bool { get }
}

extension OptionDeclaration {
    /// The option as the help shows it.
    var usage: String { "--\(name)" + (placeholder.map { " \($0)" } ?? "") }
}

/// An option of a verb, `--port N` or a flag such as `--json`, and what it is read as; `Failure` is `Never` where any
/// text will do.
struct Option<Value, Failure: Error>: OptionDeclaration {
    let name: String
    let placeholder: String?
    let help: String
    let isRepeatable: Bool
    /// Reads the texts that it was given with, none where it was not.
    let read: @Sendable ([String]) throws(Failure) -> Value

    /// An option of a kind of its own.
    init(
        _ name: String, _ placeholder: String?, help: String, isRepeatable: Bool = false,
        read: @escaping @Sendable ([String]) throws(Failure) -> Value
    ) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.isRepeatable = isRepeatable
        self.read = read
    }
}

extension Option where Value == Bool, Failure == Never {
    /// Given or not.
    static func flag(_ name: String, help: String) -> Self {
        Option(name, nil, help: help) { !$0.isEmpty }
    }
}

extension Option where Value == String?, Failure == Never {
    /// Any text.
    static func text(_ name: String, _ placeholder: String, help: String) -> Self {
        Option(name, placeholder, help: help) { $0.first }
    }
}

extension Option where Value == String, Failure == Never {
    /// Any text, or `standard`.
    static func text(_ name: String, _ placeholder: String, or standard: String, help: String) -> Self {
        Option(name, placeholder, help: help) { $0.first ?? standard }
    }
}

extension Option where Value == [String], Failure == Never {
    /// Any texts, in the order in which they are given.
    static func texts(_ name: String, _ placeholder: String, help: String) -> Self {
        Option(name, placeholder, help: help, isRepeatable: true) { $0 }
    }
}

extension Option where Value == Int?, Failure == UsageError {
    /// A whole number of a range.
    static func number(
        _ name: String, _ placeholder: String, in range: ClosedRange<Int>, help: String
    ) -> Self {
        Option(name, placeholder, help: help) { texts throws(UsageError) in
            guard let text = texts.first else { return nil }
            guard let number = Int(text), range.contains(number) else {
                throw UsageError(
                    "--\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }
}

extension Option where Failure == UsageError {
    /// One of the values of an enumeration.
    static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ type: Choice.Type, help: String
    ) -> Self where Choice.RawValue == String, Value == Choice? {
        let names = Choice.allCases.map(\.rawValue)
        return Option(name, names.joined(separator: "|"), help: help) { texts throws(UsageError) in
            guard let text = texts.first else { return nil }
            guard let choice = Choice(rawValue: text) else {
                let hint = nearest(text, among: names).map { " (did you mean '\($0)'?)" } ?? ""
                throw UsageError("--\(name) must be one of: \(names.joined(separator: ", "))\(hint)")
            }
            return choice
        }
    }
}

extension Option where Value == String?, Failure == UsageError {
    /// The id of a caller, as a token's `sub` can hold it.
    static func subject(_ name: String, _ placeholder: String, help: String) -> Self {
        Option(name, placeholder, help: help) { texts throws(UsageError) in
            guard let id = texts.first else { return nil }
            guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
                throw UsageError("--\(name) must be 1 to 128 bytes without blanks and control characters")
            }
            return id
        }
    }
}

extension Option where Value == [String], Failure == UsageError {
    /// `--role`: names of roles, as a manifest can ask for them.
    static func roles(help: String) -> Self {
        Option("role", "ROLE", help: help, isRepeatable: true) { roles throws(UsageError) in
            for role in roles {
                guard let first = role.utf8.first,
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
                    role.utf8.count <= 63, role.utf8.allSatisfy(\.isPartOfName)
                else {
                    throw UsageError(
                        "--role must be lower case letters, digits and '-', at most 63, such as ops")
                }
            }
            return roles
        }
    }
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

/// The options that several verbs have.
enum Options {
    static let manifest = Option.text(
        "manifest", "FILE", help: "The manifest (default: functions.yaml).")
    static let store = Option.text("store", "PATH", help: "The store's file, instead of the manifest's.")
    static let record = Option.text(
        "record", "DIR", help: "Record every invocation into a new folder, for 'replay'.")
    static let redact = Option.texts(
        "redact", "FIELD", help: "Leave members of this name out of the recording (repeatable).")
    static let recordLimit = Option.number(
        "record-limit", "MB", in: 1...1_000_000, help: "End the recording at this size (default: 4096).")
    static let json = Option.flag("json", help: "Print JSON for a script.")
    /// Every verb's; `Arguments.askForHelp` looks for it.
    static let help = Option.flag("help", help: "Print this help.")
}
