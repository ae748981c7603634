internal import Base
internal import Functions
internal import Ledger
internal import Observability

/// What is told of an invocation: to its caller where it failed, to the log, the metrics and a recording.
struct InvocationReport: Sendable {
    let log: Log
    let metrics: Metrics
    let observer: (any InvocationObserver)?
    /// Whether a caller may read the text of an error.
    let tellsErrors: Bool
    let now: @Sendable () -> Timestamp

    /// What a caller is told of an error. The cause goes to the log.
    func outcome(of error: any Error, _ fields: LogFields) -> Outcome {
        let problem: Problem
        switch error {
        case let known as Problem: problem = known
        case let invalid as InvalidInput: problem = Problem(invalid)
        case let store as StoreError:
            problem = Problem(store)
            fields.set("error", .string(store.description))
        case is CancellationError:
            problem = Problem(.busy, "The invocation was cancelled; nothing was changed.")
        default:
            let text = String(String(describing: error).unicodeScalars.prefix(500))
            problem = Problem(.failed, "Nothing was changed." + (tellsErrors ? " " + text : ""))
            fields.set("error", .string(text))
        }
        return Outcome(status: problem.status, json: "", problem: problem)
    }

    /// The names in a log line that are not a function's to set: no name stands there twice.
    private static let ownFields: Set<String> = [
        "time", "level", "message", "function", "trigger", "status", "success", "duration",
        CallerWord.field, "problem", "request_id", "trace_id", "span_id",
    ]

    /// What is refused before anybody looks at its data.
    private static let refusedUnread = [
        Problem.Kind.tooLarge.status, Problem.Kind.unauthenticated.status, Problem.Kind.forbidden.status,
    ]
    /// How much such data a recording keeps, where it is not too large.
    private static let unreadBytes = 4_096

    private func record(of invocation: Invocation, _ outcome: Outcome, duration: Duration) -> InvocationRecord
    {
        var record = InvocationRecord(
            function: invocation.entry.name, event: invocation.event, outcome: outcome, duration: duration)
        record.taken = invocation.world.taken
        record.taken.claim = invocation.claim.map {
            ClaimedJobs(queue: $0.queue, group: $0.group, lease: $0.lease, count: $0.jobs.count)
        }
        record.admission = invocation.admission
        record.commit = invocation.commit
        (record.message, record.fields) = invocation.fields.taken
        // What was cancelled and took a place in the order all the same is done again, up to there.
        if record.commit != nil { record.taken.isCancelled = false }
        // What a function said that is not run again, or not on the same state, is no part of a recording.
        if record.taken.hasNoPlace { (record.message, record.fields) = (nil, []) }
        record.leavesDataOut =
            record.admission == nil && Self.refusedUnread.contains(outcome.status)
            && (outcome.status == Problem.Kind.tooLarge.status || record.event.data.count > Self.unreadBytes)
        return record
    }

    /// Steps 9 and 10 of the pipeline: the answer's text, log line and metrics.
    func ended(_ invocation: Invocation, _ outcome: inout Outcome, duration: Duration) {
        let (entry, event) = (invocation.entry, invocation.event)
        if outcome.problem != nil {
            outcome.problem?.instance = event.id
            outcome.json = outcome.problem?.json ?? ""
        }
        metrics.count(
            function: entry.name, trigger: event.trigger.name, status: outcome.status, duration: duration)
        if let observer { observer.ended(record(of: invocation, outcome, duration: duration)) }
        let level: LogLevel =
            outcome.status >= 500
            ? .error : outcome.status >= 400 ? .warning : invocation.fields.level
        guard log.isEnabled(level) else { return }
        let (message, added) = invocation.fields.taken
        var fields: [(String, LogValue)] = []
        fields.reserveCapacity(10 + added.count)
        fields.append(("function", .string(entry.name)))
        fields.append(("trigger", .string(event.trigger.name)))
        fields.append(("status", .integer(Int64(outcome.status))))
        fields.append(("success", .boolean(outcome.isSuccess)))
        fields.append(("duration", .number(duration.seconds)))
        if let caller = invocation.caller { fields.append((CallerWord.field, .string(caller.subject))) }
        // Without a caller, a function may say whom it made.
        for (name, value) in added
        where !Self.ownFields.contains(name) || name == CallerWord.field && invocation.caller == nil {
            fields.append((name, value))
        }
        if let problem = outcome.problem { fields.append(("problem", .string(problem.kind.rawValue))) }
        fields.append(("request_id", .string(event.id)))
        fields.append(("trace_id", .string(invocation.trace.traceID)))
        fields.append(("span_id", .string(invocation.trace.spanID)))
        let fallback = outcome.isSuccess ? "Invocation processed" : "Invocation refused"
        log.write(
            level, outcome.isSuccess ? message ?? fallback : fallback, fields, at: event.time + duration)
    }
    // MARK: Debugging
    //
    // What `LOG_LEVEL=DEBUG` tells beside the line that each invocation ends with: that it has begun, so that one that
    // hangs is seen, and that it runs again. No client's text is in it.

    func began(_ invocation: Invocation) {
        guard log.isEnabled(.debug) else { return }
        log.write(
            .debug, "Invocation begins",
            named(invocation, [("bytes", .integer(Int64(invocation.event.data.count)))]),
            at: invocation.event.time)
    }

    /// What a function had read was changed before its unit of work could be committed, for the `run`th time.
    func conflicted(_ invocation: Invocation, run: Int) {
        guard log.isEnabled(.debug) else { return }
        log.write(
            .debug, "What it read has changed: it runs again",
            named(invocation, [("run", .integer(Int64(run)))]), at: now())
    }

    private func named(_ invocation: Invocation, _ more: [(String, LogValue)]) -> [(String, LogValue)] {
        [
            ("function", .string(invocation.entry.name)),
            ("trigger", .string(invocation.event.trigger.name)),
        ] + more + [
            ("request_id", .string(invocation.event.id)),
            ("trace_id", .string(invocation.trace.traceID)),
        ]
    }
}
