internal import Base
internal import Runtime

/// A recording as the clients send it: who sends what, in which order, and when.
struct TrafficPlan: Sendable {
    /// One event to be sent.
    struct Step: Sendable {
        let invocation: RecordedInvocation
        /// Who asks: the event's own caller; for a socket, whoever connected it.
        let caller: Claims?
        /// From the first event of the plan.
        let offset: Duration
    }

    /// What one client sends, in the order in which the events arrived.
    let clients: [[Step]]
    /// Callers for whom a token must be signed: no answer of the plan gives them one. Each once.
    let callers: [Claims]
    /// Invocations that no client brought: jobs and direct ones.
    let unsent: Int

    /// How many events are sent.
    var count: Int { clients.reduce(0) { $0 + $1.count } }

    /// Whose client sends an event.
    private enum Sender: Hashable {
        case caller(String)
        /// Nobody known, at this (hashed) address.
        case address(String)
    }

    /// The plan for a recording, as far as `isWanted`.
    init(_ invocations: [RecordedInvocation], where isWanted: (RecordedInvocation) -> Bool) {
        let owners = Self.owners(invocations)
        var steps: [Sender: [(invocation: RecordedInvocation, caller: Claims?)]] = [:]
        var callers: [String: [Claims]] = [:]
        var signedIn: Set<String> = []
        var unsent = 0
        var start: Timestamp?
        for invocation in invocations where isWanted(invocation) {
            guard invocation.event.trigger.isFromClient else {
                unsent += 1
                continue
            }
            let caller = invocation.event.claims ?? owners[invocation.event.connection ?? ""]
            let sender: Sender
            if let caller {
                sender = .caller(caller.subject)
                let isKnown = callers[caller.subject]?.contains { $0.roles == caller.roles } ?? false
                if !isKnown { callers[caller.subject, default: []].append(caller) }
            } else if let subject = LiveIdentities.caller(signedInBy: invocation.body) {
                // Whoever opens a session goes on with it.
                sender = .caller(subject)
                signedIn.insert(subject)
            } else {
                sender = .address(invocation.event.address ?? "")
            }
            steps[sender, default: []].append((invocation, caller))
            start = min(start ?? invocation.event.time, invocation.event.time)
        }
        let first = start ?? Timestamp(milliseconds: 0)
        // A recording has invocations as they ended.
        clients = steps.values.map { list in
            list.map { Step(invocation: $0, caller: $1, offset: $0.event.time - first) }
                .sorted {
                    ($0.offset, $0.invocation.position) < ($1.offset, $1.invocation.position)
                }
        }.sorted {
            guard let a = $0.first, let b = $1.first else { return !$0.isEmpty }
            return (a.offset, a.invocation.position) < (b.offset, b.invocation.position)
        }
        self.callers = callers.values.joined()
            .filter { !signedIn.contains($0.subject) }
            .sorted {
                ($0.subject, $0.roles.joined(separator: " ")) < ($1.subject, $1.roles.joined(separator: " "))
            }
        self.unsent = unsent
    }

    /// Who is behind each connection: the first caller that an event on it names.
    private static func owners(_ invocations: [RecordedInvocation]) -> [String: Claims] {
        var owners: [String: Claims] = [:]
        for invocation in invocations {
            guard let connection = invocation.event.connection, let claims = invocation.event.claims else {
                continue
            }
            // $disconnect's claims are cut down.
            let isBetter = owners[connection]?.session == nil && claims.session != nil
            if owners[connection] == nil || isBetter { owners[connection] = claims }
        }
        return owners
    }
}

extension Event {
    /// The claims that were verified.
    var claims: Claims? {
        if case .verified(let claims) = credential { claims } else { nil }
    }

    /// The socket's connection.
    var connection: String? {
        if case .socket(_, let connection, _) = trigger { connection } else { nil }
    }
}

extension RecordedInvocation {
    /// What was sent; where the recording has none of it, as much of something else: nobody looked at it.
    var data: [UInt8] {
        guard let leftOut = taken.leftOut else { return event.data }
        let (start, end) = (Array(#"{"filler":""#.utf8), Array(#""}"#.utf8))
        let length = min(leftOut.bytes, AgainstLimits.fillerBytes) - start.count - end.count
        return start + [UInt8](repeating: UInt8(ascii: "x"), count: max(0, length)) + end
    }
}

extension Event.Source {
    /// Whether a client brought it, so that one can send it again.
    var isFromClient: Bool {
        switch self {
        case .http, .socket: true
        case .queue, .other, .direct: false
        }
    }
}
