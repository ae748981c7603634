public import Base
public import Functions

/// Keeps which times of a schedule are done, and puts a job for the next one into its queue: once, however many hosts
/// ask for it.
///
/// A function of ours, which the host calls when a time has come: so it is a unit of work like any other, in the one
/// order of the store, and is replayed. That two hosts ask at once is a conflict, and the second of them finds it done.
public struct ScheduleClock: Function {
    public init() {}

    /// What a host asks.
    public struct Input: Codable, Sendable {
        /// Names the schedule in the store, and the queue for its jobs.
        public let schedule: String
        /// The time that has come; none to hear only what is done, from which a new schedule begins.
        public let due: Timestamp?
        /// A later time that is kept as done is of a clock that was wrong (`Schedule.latestBelieved`).
        public let believed: Timestamp
        /// Whose the job is.
        public let group: String

        public init(schedule: String, due: Timestamp?, believed: Timestamp, group: String) {
            self.schedule = schedule
            self.due = due
            self.believed = believed
            self.group = group
        }
    }

    /// What it is told.
    public struct Output: Codable, Sendable {
        /// The last time that is done.
        public let last: Timestamp
        /// Whether it was done now.
        public let isNew: Bool

        private enum CodingKeys: String, CodingKey {
            case last
            case isNew = "new"
        }
    }

    /// What a scheduled function gets as its input.
    struct Job: Codable, Sendable {
        /// The time for which it runs (RFC 3339), which is not when it runs.
        let time: String
    }

    public func handle(_ input: Input, in context: Context) async throws -> Output {
        // The run of what is due has a line of its own.
        context.log.detail()
        let kept = try await context.read(ScheduleRecord.self, input.schedule)?.last
        let last = kept.flatMap { $0 <= input.believed ? $0 : nil }
        if let last, input.due.map({ $0 <= last }) ?? true { return Output(last: last, isNew: false) }
        let new = input.due ?? context.now
        try context.save(ScheduleRecord(id: input.schedule, last: new))
        if let due = input.due {
            try context.enqueue(
                Job(time: due.rfc3339), id: context.identifier("job"), on: input.schedule,
                group: input.group)
        }
        return Output(last: new, isNew: input.due != nil)
    }
}

/// How far a schedule has come.
struct ScheduleRecord: StoredRecord {
    static let kind = "schedule"
    let id: String
    /// The last time that is done, or from which it counts.
    let last: Timestamp
}
