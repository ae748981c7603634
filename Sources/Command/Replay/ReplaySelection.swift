internal import Base
internal import Runtime

/// Which invocations of a recording are compared, and which of their fields.
struct ReplaySelection: Sendable {
    let from: Int
    let to: Int
    /// A function's name, or an invocation's id.
    let only: String?
    let mask: DifferenceMask

    init(_ arguments: Arguments) throws(UsageError) {
        from = try arguments.value(Replay.from) ?? 1
        to = try arguments.value(Replay.to) ?? .max
        guard from <= to else { throw UsageError("--from must not be behind --to") }
        only = arguments[Replay.only]
        mask = DifferenceMask(arguments[Replay.mask])
        guard !arguments[Replay.mask].contains(where: \.isEmpty) else {
            throw UsageError("--mask must name a member, or a path such as answer.body.choices[].label")
        }
    }

    func contains(_ invocation: RecordedInvocation) -> Bool {
        (from...to).contains(invocation.position)
            && (only == nil || invocation.function == only || invocation.event.id == only)
    }

    /// Refuses what no invocation of the recording is called.
    func check(_ recording: Recording) throws(UsageError) {
        guard let only, !recording.invocations.contains(where: { $0.function == only || $0.event.id == only })
        else { return }
        let names = Set(recording.invocations.map(\.function)).sorted()
        let hint = nearest(only, among: names).map { " (did you mean '\($0)'?)" } ?? ""
        throw UsageError("--only: the recording has no function and no invocation '\(only)'\(hint)")
    }
}
