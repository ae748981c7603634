/// What a room's name says of the Socket.IO namespace that the room belongs to.
///
/// `/lobby#table` is a room of `/lobby`; any other name is one of the main namespace `/`. Plain WebSockets count to `/`.
/// Full names of events follow the same rule: `/lobby#chat`.
public enum RoomName {
    /// The namespace of every room whose name does not say another.
    public static let mainNamespace = "/"
    /// The longest name, in bytes.
    public static let maximumLength = 256

    /// The namespace of a room, or of an event, by its full name.
    ///
    /// A change of rooms that is about a subject concerns only the subject's sockets of this namespace.
    public static func namespace(of name: String) -> String {
        guard name.utf8.first == UInt8(ascii: "/"), let end = name.utf8.firstIndex(of: UInt8(ascii: "#"))
        else {
            return mainNamespace
        }
        return String(name[..<end])
    }

    /// The full name of a room that code in `namespace` calls `name`: a name without a namespace is put into that one,
    /// any other is used as it is. `/#table` is how another namespace says `table` of `/`.
    ///
    /// Nil for what no room can be called: nothing, more than `maximumLength` bytes, control characters, or a slash at
    /// the beginning and no `#`.
    public static func qualified(_ name: String, in namespace: String) -> String? {
        let bytes = name.utf8.span
        for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x7f { return nil }
        let full: String
        if name.utf8.first != UInt8(ascii: "/") {
            guard !name.isEmpty else { return nil }
            full = namespace == mainNamespace ? name : namespace + "#" + name
        } else if name.utf8.starts(with: "/#".utf8) {
            full = String(name.utf8.dropFirst(2)) ?? ""
            guard !full.isEmpty, full.utf8.first != UInt8(ascii: "/") else { return nil }
        } else {
            let hash = name.utf8.firstIndex(of: UInt8(ascii: "#"))
            guard let hash, name.utf8.index(after: hash) != name.utf8.endIndex else { return nil }
            full = name
        }
        return full.utf8.count <= maximumLength ? full : nil
    }
}
