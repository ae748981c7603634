internal import Base
public import Functions

/// A trigger of the kind `schedule`, as the manifest has it.
public struct ScheduledTrigger: Sendable {
    /// The key of its entry, and what its events are called.
    public static let kind = "schedule"
    package static let zoneOption = "timezone"
    package static let catchUpOption = "catch-up"
    package static let roleOption = "role"
    package static let options = [zoneOption, catchUpOption, roleOption]

    public let schedule: Schedule
    /// What becomes of times that were missed.
    public let catchUp: CatchUp
    /// The role on whose behalf it runs, beside the one that the function asks for.
    public let role: String?
    /// Tells it from the function's others: a change of what is meant is a new schedule.
    public let name: String

    /// Nil for a trigger of another kind, or one that no manifest could have brought.
    public init?(_ trigger: Trigger) {
        guard case .other(Self.kind, let text, let options) = trigger,
            let read = try? ScheduledTrigger(text: text, options: options)
        else { return nil }
        self = read
    }

    /// Throws where the text is neither an expression nor an interval.
    package init(text: String, options: [String: String]) throws(ScheduleFault) {
        let words = text.split { $0 == " " || $0 == "\t" }
        let zone = options[Self.zoneOption]
        if words.first?.lowercased() == "every" {
            schedule = try Self.interval(words.dropFirst().joined(separator: " "), text)
            guard zone == nil else {
                throw ScheduleFault(description: "an interval is the same in every timezone")
            }
        } else {
            schedule = Schedule(try CronExpression(text), in: try Self.rules(of: zone ?? "UTC"), text: text)
        }
        catchUp = options[Self.catchUpOption].flatMap { CatchUp(rawValue: $0) } ?? .none
        role = options[Self.roleOption]
        // However it is written.
        let written = words.joined(separator: " ").lowercased()
        name = zone == nil || zone == "UTC" ? written : "\(written) \(zone ?? "")"
    }

    private static func interval(_ amount: String, _ text: String) throws(ScheduleFault) -> Schedule {
        let table = UnitTable.durations
        guard let milliseconds = try? table.amount(amount) else {
            throw ScheduleFault(
                description: "'every' needs a duration such as 30s, 5m or 1h, not '\(quoted(amount))'")
        }
        guard let schedule = Schedule(every: .milliseconds(milliseconds), text: text) else {
            let bounds = Schedule.intervals
            throw ScheduleFault(
                description:
                    "an interval is between \(table.text(Int(bounds.lowerBound.milliseconds))) and \(table.text(Int(bounds.upperBound.milliseconds))), written 'every 30s', not '\(quoted(text))'"
            )
        }
        return schedule
    }

    package static func rules(of zone: String) throws(ScheduleFault) -> TimeZoneRules {
        guard let rules = TimeZoneRules(named: zone) else {
            throw ScheduleFault(
                description: "'\(quoted(zone))' is no time zone of this system, such as Asia/Tokyo")
        }
        return rules
    }
}

/// What becomes of the times at which no host was there: `catch-up`.
public enum CatchUp: String, Sendable, CaseIterable {
    /// They are left out.
    case none
    /// The last of them is made up for.
    case one
}
