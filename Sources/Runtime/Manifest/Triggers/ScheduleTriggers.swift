internal import Base
internal import Functions
internal import Schedule

extension TriggerKind {
    /// `schedule: "*/5 * * * *"`, or `every 30s`.
    static let schedule = TriggerKind(
        key: ScheduledTrigger.kind,
        help:
            "The times of a cron expression (minute hour day-of-month month day-of-week) in its timezone, or 'every 30s'.",
        synonyms: ["cron", "timer", "every"], options: ScheduledTrigger.options,
        identity: { trigger in
            ScheduledTrigger(trigger).map { "\(ScheduledTrigger.kind) \($0.name)" } ?? trigger.description
        },
        clash: .inOneFunction,
        functions: [ScheduleClock()]
    ) { decoder, node, options in
        decoder.schedule(node, options)
    } next: { trigger, time in
        ScheduledTrigger(trigger)?.schedule.next(after: time)
    }
}

extension ManifestDecoder {
    fileprivate mutating func schedule(_ node: YAMLNode, _ options: [String: YAMLNode]) -> Trigger? {
        guard let text = text(node, "schedule") else { return nil }
        var given: [String: String] = [:]
        if let node = options[ScheduledTrigger.zoneOption] {
            guard let zone = timeZone(node) else { return nil }
            given[ScheduledTrigger.zoneOption] = zone
        }
        if let node = options[ScheduledTrigger.catchUpOption] {
            guard let choice = choice(node, ScheduledTrigger.catchUpOption, CatchUp.self) else { return nil }
            given[ScheduledTrigger.catchUpOption] = choice.rawValue
        }
        if let node = options[ScheduledTrigger.roleOption] {
            guard let role = role(node) else { return nil }
            given[ScheduledTrigger.roleOption] = role
        }
        let words = text.split(separator: " ")
        if words.first?.lowercased() == "every" {
            guard isInterval(text, words, at: node.mark) else { return nil }
            guard given[ScheduledTrigger.zoneOption] == nil else {
                report("an interval is the same in every timezone", at: node.mark)
                return nil
            }
        } else {
            do throws(CronExpression.Fault) {
                _ = try CronExpression(text)
            } catch {
                report(error.description, at: node.mark, suggestion: Self.interval(near: text))
                return nil
            }
        }
        return .other(kind: ScheduledTrigger.kind, text: text, options: given)
    }

    private mutating func timeZone(_ node: YAMLNode) -> String? {
        guard let name = text(node, ScheduledTrigger.zoneOption) else { return nil }
        guard TimeZoneRules(named: name) != nil else {
            report(
                "'\(quoted(name))' is no time zone of this system, such as Asia/Tokyo", at: node.mark,
                suggestion: nearest(name, among: TimeZoneRules.names()))
            return nil
        }
        return name
    }

    private mutating func role(_ node: YAMLNode) -> String? {
        guard let name = text(node, ScheduledTrigger.roleOption) else { return nil }
        guard isName(name) else {
            report(
                "a role is lower case letters, digits and '-', at most 63, not '\(quoted(name))'",
                at: node.mark,
                suggestion: self.name(near: name))
            return nil
        }
        return name
    }

    /// Whether a text that begins with `every` is an interval; reported, if not.
    private mutating func isInterval(_ text: String, _ words: [Substring], at mark: YAMLMark) -> Bool {
        let amount = words.dropFirst().joined(separator: " ")
        guard (try? UnitTable.durations.amount(amount)) != nil else {
            report(
                "'every' needs a duration such as 30s, 5m or 1h, not '\(quoted(amount))'", at: mark,
                suggestion: Self.interval(near: amount.lowercased()))
            return false
        }
        guard ScheduledTrigger(text: text, options: [:]) != nil else {
            let bounds = Schedule.intervals
            let table = UnitTable.durations
            report(
                "an interval is between \(table.text(Int(bounds.lowerBound.milliseconds))) and \(table.text(Int(bounds.upperBound.milliseconds))), written 'every 30s', not '\(quoted(text))'",
                at: mark)
            return false
        }
        return true
    }

    /// `30s` is `every 30s`, and `30` too.
    private static func interval(near text: String) -> String? {
        for amount in [text, text + "s"] where (try? UnitTable.durations.amount(amount)) != nil {
            return "every \(amount)"
        }
        return nil
    }
}
