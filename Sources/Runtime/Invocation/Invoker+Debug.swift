/// What `LOG_LEVEL=DEBUG` tells beside the line that each invocation ends with: that it has begun, so that one that
/// hangs is seen, and that it runs again. No player's text is in it.
extension Invoker {
    func logBeginning(of invocation: Invocation) {
        guard log.isEnabled(.debug) else { return }
        log.write(
            .debug, "Invocation begins",
            named(invocation, [("bytes", .integer(Int64(invocation.event.data.count)))]),
            at: invocation.event.time)
    }

    /// What a function had read was changed before its unit of work could be committed, for the `run`th time.
    func logConflict(of invocation: Invocation, run: Int) {
        guard log.isEnabled(.debug) else { return }
        log.write(
            .debug, "What it read has changed: it runs again",
            named(invocation, [("run", .integer(Int64(run)))]), at: platform.now())
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
