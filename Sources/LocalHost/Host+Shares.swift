internal import Net
internal import Base
internal import Runtime
internal import Wire

/// What one client may take of the host's places, memory and time, so that there is some for the others.
extension Serving {
    // MARK: Places

    /// Whether an address may have one more TCP connection.
    func admitsConnection(from address: String) -> Bool {
        clients.trusts(address)
            || shares.connections.admits(
                AddressBlock.of(address), free: limits.connections - connections.count)
    }

    /// Whether a client may open a link now. Where it may not, it is told when to come back.
    ///
    /// Where there is no place, or the client's address holds its share of them, the oldest link that is in no namespace
    /// yet goes: the address's own, if it has any.
    func admitsLink(_ request: HTTPRequest, _ connection: Connection, from address: String) -> Bool {
        let block = AddressBlock.of(address)
        if let wait = shares.handshakes.take(block, at: now) {
            let problem = Problem(
                .rateExceeded, "Too many sockets are opened from this address.", retryAfter: wait)
            answer(connection, response(problem, request), to: request)
            return false
        }
        if shares.unconnected.admits(block, free: limits.connections - links.count) { return true }
        guard let oldest = shares.unconnected.oldest(of: block) ?? shares.unconnected.oldest(),
            let link = links[oldest]
        else {
            let problem = Problem(.busy, "Too many sockets.", retryAfter: limits.retryAfter)
            answer(connection, response(problem, request), to: request)
            return false
        }
        evict(link)
        return true
    }

    /// Ends a link at once; its client may come again.
    private func evict(_ link: Link) {
        if let connection = link.connection {
            // The frame still goes out, but the link is gone.
            closeChannel(connection, code: 1013, "others need the place")
            link.connection = nil
            closeWhenSent(connection)
        }
        drop(link, .transportClose)
    }

    /// Notes whether a link is in a namespace. To be called when that may have changed.
    func notePlace(of link: Link) {
        if links[link.id] == nil || link.sockets.contains(where: { $0.life.isOpen }) {
            shares.unconnected.leave(link.id)
        } else {
            shares.unconnected.take(link.id, by: AddressBlock.of(link.address))
        }
    }

    /// Whether an event that no function takes, or a new token, is looked at: a connection may send so many.
    func admitsStray(_ event: Socket.WaitingEvent, _ socket: Socket) -> Bool {
        let link = socket.link
        var strays = link.strays ?? TokenBucket(limits.strayEvents, at: now)
        let wait = strays.take(limits.strayEvents, at: now)
        link.strays = strays
        guard let wait else { return true }
        // Where nobody asks, no text is made.
        if event.acknowledgement != nil || link.endpoint != nil {
            let problem = Problem(.rateExceeded, "Too many such events.", retryAfter: wait)
            acknowledge(event, core.told(problem), of: socket)
        }
        return false
    }

    // MARK: Turns

    /// Whether anything more may be done for a connection now. If not, it goes on by itself: in the next turn, or once
    /// it has rested.
    func hasTurn(_ connection: Connection) -> Bool {
        guard !connection.isParked else { return false }
        guard !connection.credit.isLeft(perTurn: limits.turnCredit, in: turns) else { return true }
        connection.isParked = true
        // The next turn comes at once, though nothing else is to do.
        if shares.parked.isEmpty { loop.callSoon {} }
        shares.parked.append(connection.id)
        return false
    }

    /// Something was done for a connection that costs so much. It is paid for in turns, and in time as well: turns
    /// without work are over at once, so that a connection alone could keep the loop busy for ever, and the others'
    /// next request would come behind one message that inflates to a megabyte after the other.
    func spend(_ cost: Int, of connection: Connection) {
        connection.credit.spend(cost)
        guard let rest = connection.pace.spend(cost, at: now, pace), !connection.isParked else { return }
        connection.isParked = true
        _ = loop.callLater(after: rest) { [weak self, id = connection.id] in
            self?.here { host in
                host.core.turnBegins()
                if host.connections[id] != nil { host.shares.parked.append(id) }
            }
        }
    }

    private var pace: Pace.Limit { Pace.Limit(burst: limits.costAtOnce, perSecond: limits.costPerSecond) }

    /// Goes on with those whose turn was over, each as far as its next one goes.
    func resumeParked() {
        guard !shares.parked.isEmpty else { return }
        let parked = shares.parked
        shares.parked.removeAll(keepingCapacity: true)
        for id in parked {
            guard let connection = connections[id] else { continue }
            connection.isParked = false
            if let channel = connection.channel {
                advance(connection, channel)
            } else if let link = connection.sender, link.post?.connection == id {
                takePost(link)
            } else {
                advance(connection)
            }
            weigh(connection)
            if connections[id] != nil { watch(connection) }
        }
    }

    // MARK: Memory

    /// Notes what a connection holds in memory. To be called when that may have changed.
    func weigh(_ connection: Connection) {
        guard connections[connection.id] != nil else { return }
        let received = (connection.parser?.heldBytes ?? 0) + (connection.channel?.decoder.bufferedBytes ?? 0)
        let unsent = connection.waitingCost
        let isSmall = max(received, unsent) <= ClientShares.leastNoted
        guard !isSmall || connection.isNoted else { return }
        connection.isNoted = !isSmall
        shares.received.note(connection.id, received, least: ClientShares.leastNoted)
        shares.unsent.note(connection.id, unsent, least: ClientShares.leastNoted)
    }

    /// Notes what a link holds: events that wait for those before them, a POST that is being taken, packets for a poll.
    func weigh(_ link: Link) {
        guard links[link.id] != nil else { return }
        let events = link.sockets.reduce(0) { $0 + $1.waitingBytes }
        let received = events + (link.post?.request.body.count ?? 0) + link.assembler.bufferedBytes
        let isSmall = max(received, link.packetBytes) <= ClientShares.leastNoted
        guard !isSmall || link.isNoted else { return }
        link.isNoted = !isSmall
        let entry = ClientShares.entry(ofLink: link.id)
        shares.received.note(entry, received, least: ClientShares.leastNoted)
        shares.unsent.note(entry, link.packetBytes, least: ClientShares.leastNoted)
    }

    /// Nothing of it is left.
    func unweigh(_ entry: UInt64) {
        shares.received.note(entry, 0)
        shares.unsent.note(entry, 0)
    }

    /// Where more waits than may, whoever holds most has to go, until it is enough. Their clients may come again.
    func relieve() {
        while shares.received.isExceeded, let entry = shares.received.largest { relieve(of: entry) }
        while shares.unsent.isExceeded, let entry = shares.unsent.largest { relieve(of: entry) }
    }

    private func relieve(of entry: UInt64) {
        unweigh(entry)
        if let connection = connections[entry] {
            if let channel = connection.channel {
                evict(channel, connection)
            } else if connection.isBusy || connection.isClosing || connection.waitingBytes > 0 {
                // It is owed an answer, or does not read those it got: no other one can go before that.
                close(connection)
            } else {
                connection.parser = nil
                refuse(
                    connection,
                    Problem(.busy, "Too much is waiting for its rest.", retryAfter: limits.retryAfter))
            }
        } else if let link = links[entry & ~(1 << 63)] {
            link.packets = []
            evict(link)
        }
    }

    private func evict(_ channel: WebSocketChannel, _ connection: Connection) {
        let hasRead = connection.waitingCost <= ClientShares.leastNoted
        channel.decoder = WebSocketDecoder()
        if channel.link.connection === connection, hasRead {
            return evict(channel.link)
        }
        // What it does not read is what has to go.
        close(connection)
    }
}
