internal import Net
internal import Ledger
internal import Base
internal import Runtime

/// What the host itself asks functions for: sockets' beginnings and ends, and clients' answers. Nobody is there who could
/// be told that it is too much at the moment, so it waits for its turn instead.
extension Serving {
    /// Takes one of a function's places, once one is free.
    func take(_ entry: FunctionEntry) async { await places.turn(entry.name, of: entry.limits.concurrency) }

    /// Gives it back.
    func leave(_ entry: FunctionEntry) { places.leave(entry.name) }

    /// Runs a function that a place was taken for. Others may have filled it beside that, or the store be too busy: then
    /// again, until `deadline`. `event` makes the event of each try; nil once it is wanted no more.
    func insist(
        on entry: FunctionEntry, until deadline: Duration, _ event: (Serving) -> Event?
    ) async -> Outcome? {
        var pause = limits.firstRetry
        while let event = event(self) {
            let outcome = await invoker.invoke(entry, event)
            guard outcome.problem?.kind == .busy, invoker.platform.uptime() + pause < deadline,
                !core.lifecycle.isOutOfTime
            else { return outcome }
            await wait(pause)
            pause = min(pause * 2, limits.lastRetry)
        }
        return nil
    }

    private func wait(_ time: Duration) async {
        await withCheckedContinuation { continuation in
            _ = loop.callLater(after: time) { continuation.resume() }
        }
    }

    // MARK: Ends

    /// Runs `$disconnect`. It must succeed for a token that has expired or a session that was revoked too, so neither is
    /// looked at again; and where it fails all the same, the store knows at least that the socket is lost.
    func depart(_ departure: Departure) async {
        guard let entry = router.function(forEvent: departure.event) else { return }
        await take(entry)
        let isRecoverable = departure.isLost && settings.recoveryWindow > .zero
        let data = #"{"reason":"\#(departure.reason.rawValue)","recoverable":\#(isRecoverable)}"#
        let credential =
            departure.claims.map { Event.Credential.verified(Claims(subject: $0.subject, roles: $0.roles)) }
            ?? .none
        let outcome = await insist(on: entry, until: invoker.platform.uptime() + limits.departTime) { host in
            Event(
                id: host.core.requestID(), time: host.invoker.platform.now(),
                trigger: .socket(event: departure.event, connection: departure.connectionID, host: host.id),
                credential: credential, address: departure.address, data: Array(data.utf8))
        }
        leave(entry)
        if outcome?.isSuccess != true { await lose([departure.connectionID]) }
    }

    private func lose(_ connections: [String]) async {
        do {
            try await invoker.state.mark(connections, of: id, lostAt: invoker.platform.now())
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
        var found: Set<String> = []
        var next = ""
        // Whoever connects from here on may not be in the store yet.
        let known = isBack ? sockets.values.filter { $0.life.isOpen && $0.isRecorded }.map(\.key) : []
        do {
            while true {
                let page = try await invoker.state.connections(
                    of: id, after: next, limit: limits.comparedConnections)
                var kept: [String] = []
                for connection in page {
                    if isBack { found.insert(connection.id) }
                    if connection.lostAt != nil, isOpen(connection.id) { kept.append(connection.id) }
                    if connection.lostAt == nil, !ids.isTaken(connection.id) { try await end(connection.id) }
                }
                if !kept.isEmpty { try await invoker.state.mark(kept, of: id, lostAt: nil) }
                guard page.count == limits.comparedConnections, let last = page.last, !isStopping else {
                    break
                }
                next = last.id
                await Task.yield()
            }
        } catch { return core.complain("The sockets could not be compared with the store", error) }
        for key in known {
            guard let socket = sockets[key], socket.life.isOpen, !found.contains(socket.connectionID) else {
                continue
            }
            turnAway(socket.link)
        }
    }

    private func isOpen(_ connectionID: String) -> Bool {
        socketsByConnectionID[connectionID].flatMap { sockets[$0] }?.life.isOpen == true
    }

    /// Ends a connection of ours that has no socket.
    private func end(_ id: String) async throws {
        // As it is now: it may have ended since it was read.
        guard let connection = try await invoker.state.connection(id: id), connection.host == self.id,
            connection.lostAt == nil
        else { return }
        let event = EventName(Trigger.disconnectEvent, in: connection.namespace)?.description ?? ""
        guard router.function(forEvent: event) != nil else { return await lose([connection.id]) }
        await depart(
            Departure(
                connectionID: connection.id, event: event, claims: Claims(subject: connection.subject),
                address: nil, reason: .transportClose, isLost: true))
    }
}

/// What `$disconnect` is told of a socket that has left.
struct Departure: Sendable {
    let connectionID: String
    /// The event, with its namespace.
    let event: String
    let claims: Claims?
    let address: String?
    let reason: DisconnectReason
    /// Whether the client may come back.
    let isLost: Bool
}

/// Lines of tasks. Belongs to the host's actor.
final class TaskTurns {
    private var turns = Turns<CheckedContinuation<Void, Never>>()

    /// Takes a place in a line of so many, once one is free.
    func turn(_ name: String, of places: Int = 1) async {
        if turns.take(name, of: places) { return }
        await withCheckedContinuation { turns.wait(name, $0) }
    }

    /// Takes a place, if one is free.
    func take(_ name: String) -> Bool { turns.take(name) }

    /// Gives a place back.
    func leave(_ name: String) { turns.leave(name)?.resume() }

    func isTaken(_ name: String) -> Bool { turns.isTaken(name) }
}
