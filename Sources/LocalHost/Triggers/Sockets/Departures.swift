internal import Base
internal import Ledger
internal import Runtime

/// What `$disconnect` is told of a socket that has left.
struct Departure {
    let connectionID: String
    /// The event, with its namespace.
    let event: String
    let claims: Claims?
    let address: String?
    let reason: DisconnectReason
    /// Whether the client may come back.
    let isLost: Bool
}

/// The ends of sockets, and the comparing of the store's connections with the sockets that are: none may be in the one
/// and not in the other.
final class Departures {
    private let core: HostCore
    private let routes: SocketRoutes
    private let index: SocketIndex
    private let ids: TaskTurns
    private let caller: PatientCaller
    /// The store's connections are being compared with the sockets.
    private var isComparing = false

    init(
        _ core: HostCore, _ routes: SocketRoutes, _ index: SocketIndex, _ ids: TaskTurns,
        _ caller: PatientCaller
    ) {
        self.core = core
        self.routes = routes
        self.index = index
        self.ids = ids
        self.caller = caller
    }

    /// Runs `$disconnect`. It must succeed for a token that has expired or a session that was revoked too, so neither is
    /// looked at again; and where it fails all the same, the store knows at least that the socket is lost.
    func depart(_ departure: Departure) async {
        guard let entry = routes.function(forEvent: departure.event) else { return }
        await caller.take(entry)
        let isRecoverable = departure.isLost && core.settings.recoveryWindow > .zero
        let data = #"{"reason":"\#(departure.reason.rawValue)","recoverable":\#(isRecoverable)}"#
        let credential =
            departure.claims.map { Event.Credential.verified(Claims(subject: $0.subject, roles: $0.roles)) }
            ?? .none
        let deadline = core.engine.platform.uptime() + core.limits.departTime
        let outcome = await caller.insist(on: entry, until: deadline) {
            Event(
                id: core.requestID(), time: core.wallClock,
                trigger: .socket(event: departure.event, connection: departure.connectionID, host: core.id),
                credential: credential, address: departure.address, data: Array(data.utf8))
        }
        caller.leave(entry)
        if outcome?.isSuccess != true { await lose([departure.connectionID]) }
    }

    private func lose(_ connections: [String]) async {
        do {
            try await core.engine.state.mark(connections, of: core.id, lostAt: core.wallClock)
        } catch { core.complain("Sockets that ended could not be recorded", error) }
    }

    // MARK: Comparing

    /// Compares the connections that the store takes for ours with the sockets that are. A socket whose end was not
    /// recorded ends now. Where this host was taken for dead (`isBack`), it stood still: its sockets are there after all,
    /// and those whose connections are gone by now are sent away, to come back as new ones.
    func compare(isBack: Bool) async {
        guard !isComparing else { return }
        isComparing = true
        defer { isComparing = false }
        // Whoever connects from here on may not be in the store yet.
        let known = isBack ? index.sockets.values.filter { $0.life.isOpen && $0.isRecorded } : []
        let found: Set<String>
        do {
            found = try await look(isBack: isBack)
        } catch { return core.complain("The sockets could not be compared with the store", error) }
        for socket in known where socket.life.isOpen && !found.contains(socket.connectionID) {
            socket.session.turnAway()
        }
    }

    /// Goes through the store's connections of this host; their ids, where that is asked for.
    private func look(isBack: Bool) async throws -> Set<String> {
        let (state, limit) = (core.engine.state, core.limits.comparedConnections)
        var found: Set<String> = []
        var next = ""
        while true {
            let page = try await state.connections(of: core.id, after: next, limit: limit)
            var kept: [String] = []
            for connection in page {
                if isBack { found.insert(connection.id) }
                if connection.lostAt != nil, index.isOpen(connection.id) { kept.append(connection.id) }
                if connection.lostAt == nil, !ids.isTaken(connection.id) { try await end(connection.id) }
            }
            if !kept.isEmpty { try await state.mark(kept, of: core.id, lostAt: nil) }
            guard page.count == limit, let last = page.last, !core.lifecycle.isStopping else { return found }
            next = last.id
            await Task.yield()
        }
    }

    /// Ends a connection of ours that has no socket.
    private func end(_ id: String) async throws {
        // As it is now: it may have ended since it was read.
        guard let connection = try await core.engine.state.connection(id: id), connection.host == core.id,
            connection.lostAt == nil
        else { return }
        let event = EventName(Trigger.disconnectEvent, in: connection.namespace)?.description ?? ""
        guard routes.function(forEvent: event) != nil else { return await lose([connection.id]) }
        await depart(
            Departure(
                connectionID: connection.id, event: event, claims: Claims(subject: connection.subject),
                address: nil, reason: .transportClose, isLost: true))
    }
}
