internal import Net
internal import Base
internal import FoundationEssentials
internal import Ledger
internal import LocalHost
internal import Runtime

/// `replay FILE`: runs events of another system, each as the function that the manifest binds it to, at the event's own
/// time, on a store that is thrown away afterwards.
struct EventReplay {
    private let program: Program
    private let arguments: Arguments
    private let file: String
    private let events: [ForeignEvent]
    private static let recordingOptions = [
        "fork", "update", "report", "against", "from", "to", "only", "list", "mask", "junit",
    ]

    init(_ program: Program, _ arguments: Arguments, file: String) throws {
        for name in Self.recordingOptions where arguments.has(name) {
            throw UsageError("--\(name) needs a recording; \(file) is a file of events")
        }
        self.program = program
        self.arguments = arguments
        self.file = file
        guard let data = FileManager.default.contents(atPath: file) else {
            throw UsageError("\(file) cannot be read")
        }
        do {
            let loop = try EventLoop()
            let now = Platform.system(timers: loop, executor: loop).now()
            events = try EventFile.events(in: [UInt8](data), now: now)
        } catch { throw UsageError("\(file): \(error)") }
    }

    func run() throws -> Int32 {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let store = folder.path + "/events.db"
        if let given = arguments["store"] { _ = try StoreEngines.store(given).copy(to: store) }
        let keepsSessions = arguments["store"] != nil
        let manifest = try Workshop.manifest(program, arguments)
        let bound = try events.map { event in
            guard let entry = event.function(in: manifest) else {
                throw UsageError(
                    "\(file): the event '\(event.event.id.printable)' \(Self.unbound(event.route))")
            }
            return (entry, event.event(in: manifest))
        }
        let workshop = try Workshop(program, arguments, manifest, store: store, quiet: true)
        let outcomes: [Outcome] = try workshop.run { [invoker = workshop.invoker] in
            var outcomes: [Outcome] = []
            for (entry, foreign) in bound {
                var event = foreign
                if !keepsSessions, case .verified(var claims) = event.credential {
                    // The session was opened in the other system's store.
                    claims.session = nil
                    event.credential = .verified(claims)
                }
                outcomes.append(await invoker.invoke(entry, event))
            }
            return outcomes
        }
        for ((entry, event), outcome) in zip(bound, outcomes) {
            let body = outcome.json.isEmpty ? "null" : outcome.json
            program.console.output(
                #"{"id":\#(try jsonText(event.id)),"function":"\#(entry.name)","status":\#(outcome.status),"body":\#(body)}"#
                    + "\n")
        }
        let failed = outcomes.count { !$0.isSuccess }
        program.console.error(
            "\(outcomes.count) replayed, \(outcomes.count - failed) succeeded, \(failed) failed\n")
        return failed == 0 ? ExitStatus.done : ExitStatus.failed
    }

    /// Why no function is the one of a route. A file's names are anybody's.
    private static func unbound(_ route: Event.Source) -> String {
        switch route {
        case .http(let method, let path):
            "is '\(method.printable) \(path.printable)', to which the manifest binds no function"
        case .socket(let event, _, _):
            "is the socket event '\(event.printable)', to which the manifest binds no function, or several"
        case .queue(let name, _):
            "is for the queue '\(name.printable)', to which the manifest binds no function"
        case .other(let kind, let name):
            "is of the \(kind.printable) '\(name.printable)', to which the manifest binds no function"
        case .direct:
            "says no route, so that no function is its own; 'invoke FUNCTION --event FILE' runs it"
        }
    }
}
