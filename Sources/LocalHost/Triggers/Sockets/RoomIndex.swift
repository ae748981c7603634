/// Which of this host's sockets are in which room: what the store's memberships are, kept by following its effects.
struct RoomIndex {
    private var members: [String: Set<UInt64>] = [:]
    private var rooms: [UInt64: Set<String>] = [:]

    mutating func join(_ room: String, _ socket: UInt64) {
        members[room, default: []].insert(socket)
        rooms[socket, default: []].insert(room)
    }

    mutating func leave(_ room: String, _ socket: UInt64) {
        members[room]?.remove(socket)
        if members[room]?.isEmpty == true { members[room] = nil }
        rooms[socket]?.remove(room)
    }

    mutating func remove(_ socket: UInt64) {
        for room in rooms.removeValue(forKey: socket) ?? [] {
            members[room]?.remove(socket)
            if members[room]?.isEmpty == true { members[room] = nil }
        }
    }

    /// The sockets in any of `rooms` and in none of `except`, each once.
    func sockets(in rooms: [String], except: [String]) -> Set<UInt64> {
        var found = rooms.first.flatMap { members[$0] } ?? []
        for room in rooms.dropFirst() { found.formUnion(members[room] ?? []) }
        for room in except { if let excluded = members[room] { found.subtract(excluded) } }
        return found
    }
}
