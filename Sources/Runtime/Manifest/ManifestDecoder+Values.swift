internal import Base
internal import Functions

extension ManifestDecoder {
    /// A value's text with its environment variables put in; nil, reported, if there is none.
    mutating func text(_ node: YAMLNode, _ what: String) -> String? {
        guard let text = expanded(node, what, isSecret: false) else { return nil }
        guard !text.isEmpty else {
            report("'\(what)' is empty", at: node.mark)
            return nil
        }
        return text
    }

    /// A secret; nil without a problem where it comes from environment variables and is empty. No message shows
    /// any of it.
    mutating func secret(_ node: YAMLNode, _ what: String) -> String? {
        if case .scalar(let written, _) = node.value, written.hasPrefix("${"), written.hasSuffix("}"),
            EnvironmentExpansion.isName(written.dropFirst(2).dropLast()),
            expansion.environment[String(written.dropFirst(2).dropLast())] == nil
        {
            return nil
        }
        guard let text = expanded(node, what, isSecret: true) else { return nil }
        if text.isEmpty, case .scalar("", _) = node.value {
            report("'\(what)' is empty", at: node.mark, suggestion: "${SECRET_KEY}")
        }
        return text.isEmpty ? nil : text
    }

    private mutating func expanded(_ node: YAMLNode, _ what: String, isSecret: Bool) -> String? {
        guard case .scalar(let written, _) = node.value, !node.isNull else {
            report("'\(what)' must be a single value, not \(node.kind)", at: node.mark)
            return nil
        }
        do {
            let text = try expansion.expand(written)
            guard text.utf8.count <= ManifestBounds.textBytes else {
                report("'\(what)' is longer than \(ManifestBounds.textBytes) bytes", at: node.mark)
                return nil
            }
            guard !text.utf8.contains(0) else {
                report("'\(what)' contains a zero byte", at: node.mark)
                return nil
            }
            return text
        } catch {
            reportExpansion(error, node, isSecret: isSecret)
            return nil
        }
    }

    private mutating func reportExpansion(
        _ failure: EnvironmentExpansion.Failure, _ node: YAMLNode, isSecret: Bool
    ) {
        switch failure {
        case .unclosed:
            report("'${' without '}'; write '$$' for a dollar sign", at: node.mark)
        case .badName:
            report("between '${' and '}' stands NAME or NAME:-default", at: node.mark)
        case .nested:
            report("a default cannot contain '${'", at: node.mark)
        case .unset where isSecret:
            report("an environment variable of this value is not set", at: node.mark)
        case .unset(let name):
            let set = expansion.environment.keys.sorted()
            report(
                "environment variable '\(quoted(name))' is not set and has no default", at: node.mark,
                suggestion: nearest(name, among: set).map { "${\($0)}" })
        }
    }

    mutating func flag(_ node: YAMLNode, _ what: String) -> Bool? {
        guard let text = text(node, what) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            let word = text.lowercased()
            let meant =
                ["yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"][word]
                ?? nearest(word, among: ["true", "false"]) ?? (["true", "false"].contains(word) ? word : nil)
            report("'\(what)' must be true or false, not '\(quoted(text))'", at: node.mark, suggestion: meant)
            return nil
        }
    }

    mutating func integer(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Int>) -> Int? {
        guard let text = text(node, what) else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            report("'\(what)' must be a whole number, not '\(quoted(text))'", at: node.mark)
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            report(
                "'\(what)' must be between \(range.lowerBound) and \(range.upperBound), not \(quoted(text))",
                at: node.mark)
            return nil
        }
        return number
    }

    /// One of an enumeration's values.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: YAMLNode, _ what: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        guard let text = text(node, what) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        report(
            "'\(what)' must be \(alternatives(names)), not '\(quoted(text))'", at: node.mark,
            suggestion: nearest(text, among: names))
        return nil
    }

    func alternatives(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return "\(names.dropLast().joined(separator: ", ")) or \(last)"
    }

    /// A duration within a range of milliseconds.
    mutating func duration(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Int>) -> Duration? {
        amount(node, what, range, .durations, "a duration such as 500ms, 5s, 2m or 1h").map {
            .milliseconds($0)
        }
    }

    /// A size within a range of bytes.
    mutating func size(_ node: YAMLNode, _ what: String, _ range: ClosedRange<Int>) -> Int? {
        amount(node, what, range, .sizes, "a size such as 512, 16KiB or 1MB")
    }

    private mutating func amount(
        _ node: YAMLNode, _ what: String, _ range: ClosedRange<Int>, _ table: UnitTable, _ form: String
    ) -> Int? {
        guard let text = text(node, what) else { return nil }
        let bounds = "between \(table.text(range.lowerBound)) and \(table.text(range.upperBound))"
        do {
            let amount = try table.amount(text)
            if range.contains(amount) { return amount }
            report("'\(what)' must be \(bounds), not \(quoted(text))", at: node.mark)
        } catch {
            switch error {
            case .tooLarge:
                report("'\(what)' must be \(bounds), not \(quoted(text))", at: node.mark)
            case .missingUnit(let number):
                report(
                    "'\(what)' needs a unit: \(alternatives(table.units.map(\.name)))", at: node.mark,
                    suggestion: "\(quoted(number))s")
            case .unknownUnit(let number, let unit):
                report(
                    "'\(what)' has an unknown unit '\(quoted(unit))'; there are "
                        + table.units.map(\.name).joined(separator: ", "),
                    at: node.mark, suggestion: table.unit(near: unit).map { "\(quoted(number))\($0)" })
            case .notAnAmount:
                report("'\(what)' must be \(form), not '\(quoted(text))'", at: node.mark)
            }
        }
        return nil
    }

    /// Whether this is a name as functions, queues and roles have: `[a-z][a-z0-9-]{0,62}`.
    func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= 63 else {
            return false
        }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    /// The name that was probably meant by a text that is none.
    func name(near text: String) -> String? {
        var name = ""
        for character in text.unicodeScalars.prefix(63) {
            let isBoundary = character.properties.isUppercase && !name.isEmpty && name.last != "-"
            if isBoundary { name += "-" }
            name += character == "_" || character == " " ? "-" : character.properties.lowercaseMapping
        }
        return isName(name) && name != text ? name : nil
    }
}
