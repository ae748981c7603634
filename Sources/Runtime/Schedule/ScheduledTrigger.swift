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
        guard case .other(Self.kind, let text, let options) = trigger else { return nil }
        self.init(text: text, options: options)
    }

    package init?(text: String, options: [String: String]) {
        let words = text.split { $0 == " " || $0 == "\t" }
        let zone = options[Self.zoneOption]
        if words.first?.lowercased() == "every" {
            let amount = words.dropFirst().joined(separator: " ")
            guard let milliseconds = try? UnitTable.durations.amount(amount),
                let schedule = Schedule(every: .milliseconds(milliseconds), text: text)
            else { return nil }
            self.schedule = schedule
        } else {
            guard let expression = try? CronExpression(text), let rules = TimeZoneRules(named: zone ?? "UTC")
            else { return nil }
            schedule = Schedule(expression, in: rules, text: text)
        }
        catchUp = options[Self.catchUpOption].flatMap { CatchUp(rawValue: $0) } ?? .none
        role = options[Self.roleOption]
        // However it is written.
        let written = words.joined(separator: " ").lowercased()
        name = zone == nil || zone == "UTC" ? written : "\(written) \(zone ?? "")"
    }
}

/// What becomes of the times at which no host was there: `catch-up`.
public enum CatchUp: String, Sendable, CaseIterable {
    /// They are left out.
    case none
    /// The last of them is made up for.
    case one
}
