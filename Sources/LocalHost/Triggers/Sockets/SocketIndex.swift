internal import Ledger

/// This host's sockets: by key, connection id and subject, and who is in which room.
final class SocketIndex {
    /// By key, also those that are gone for their clients and have something under way.
    private(set) var sockets: [UInt64: Socket] = [:]
    /// By connection id and by subject, the keys of those that are not gone.
    private(set) var byConnectionID: [String: UInt64] = [:]
    private(set) var bySubject: [String: Set<UInt64>] = [:]
    var rooms = RoomIndex()
    /// Those whose clients are connected.
    private(set) var openCount = 0
    private var lastKey: UInt64 = 0

    /// Names a socket or a session in this host; never used twice.
    func nextKey() -> UInt64 {
        lastKey += 1
        return lastKey
    }

    subscript(key: UInt64) -> Socket? { sockets[key] }

    /// The socket that has a connection id now.
    func socket(of connectionID: String) -> Socket? { byConnectionID[connectionID].flatMap { sockets[$0] } }

    func isOpen(_ connectionID: String) -> Bool { socket(of: connectionID)?.life.isOpen == true }

    /// The keys of those meant, in one namespace or in any.
    func keys(of whom: UnitOfWork.Connections, in namespace: String?) -> [UInt64] {
        switch whom {
        case .connection(let id): byConnectionID[id].map { [$0] } ?? []
        case .subject(let id):
            (bySubject[id] ?? []).filter { namespace == nil || sockets[$0]?.namespace == namespace }
        }
    }

    /// Whom an event is for.
    func keys(for emit: Emit) -> Set<UInt64> {
        var targets = rooms.sockets(in: emit.rooms, except: emit.except)
        // Each socket is in a room of its own name.
        for room in emit.rooms { if let key = byConnectionID[room] { targets.insert(key) } }
        for room in emit.except { if let key = byConnectionID[room] { targets.remove(key) } }
        return targets
    }

    // MARK: Changes

    func add(_ socket: Socket) { sockets[socket.key] = socket }

    /// Its connection id is its own from now on.
    func name(_ socket: Socket) { byConnectionID[socket.connectionID] = socket.key }

    /// Nobody finds it by its connection id any more.
    func unname(_ socket: Socket) {
        if byConnectionID[socket.connectionID] == socket.key { byConnectionID[socket.connectionID] = nil }
    }

    /// It is this caller's.
    func assign(_ socket: Socket, to subject: String) {
        socket.subject = subject
        bySubject[subject, default: []].insert(socket.key)
    }

    /// Its client is connected.
    func countAsOpen(_ socket: Socket) {
        openCount += 1
        socket.connecting = nil
    }

    /// It is gone for its client.
    func forget(_ socket: Socket) {
        if socket.connecting == nil { openCount -= 1 }
        unname(socket)
        if let subject = socket.subject {
            bySubject[subject]?.remove(socket.key)
            if bySubject[subject]?.isEmpty == true { bySubject[subject] = nil }
        }
        rooms.remove(socket.key)
    }

    /// Nothing of it is under way any more.
    func remove(_ socket: Socket) { sockets[socket.key] = nil }
}
