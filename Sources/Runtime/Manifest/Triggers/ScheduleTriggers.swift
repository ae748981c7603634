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
        do throws(ScheduleFault) {
            _ = try ScheduledTrigger(text: text, options: given)
        } catch {
            report(error.description, at: node.mark, suggestion: Self.interval(near: text))
            return nil
        }
        return .other(kind: ScheduledTrigger.kind, text: text, options: given)
    }

    private mutating func timeZone(_ node: YAMLNode) -> String? {
        guard let name = text(node, ScheduledTrigger.zoneOption) else { return nil }
        do throws(ScheduleFault) {
            _ = try ScheduledTrigger.rules(of: name)
            return name
        } catch {
            report(
                error.description, at: node.mark, suggestion: nearest(name, among: TimeZoneRules.names()))
            return nil
        }
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

    /// `30s` is `every 30s`, and `30` too.
    private static func interval(near text: String) -> String? {
        let words = text.lowercased().split(separator: " ").drop { $0 == "every" }
        let amount = words.joined(separator: " ")
        return ["every \(amount)", "every \(amount)s"].first { meant in
            meant != text && (try? ScheduledTrigger(text: meant, options: [:])) != nil
        }
    }
}
