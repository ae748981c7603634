internal import Ledger
public import Functions

/// `POST /api/broadcast`: operators send an event to everyone in a room.
public struct Broadcast: Function {
    /// `{"room":"location:tavern","event":"notice","data":…}`; `data` is any JSON.
    public struct Input: Decodable, Sendable {
        let room: String
        let event: String
        let data: JSONValue?
    }

    /// `{"room","event"}`, as accepted.
    public struct Output: Encodable, Sendable {
        let room: String
        let event: String
    }

    public static let successStatus = 202

    /// A function without state.
    public init() {}

    public func validate(_ input: Input) throws(InvalidInput) {
        guard RoomName.qualified(input.room, in: RoomName.mainNamespace) != nil else {
            throw InvalidInput(
                "/room",
                input.room.hasPrefix("/")
                    ? "must name a namespace and a room, as /lobby#table"
                    : "must be 1 to \(RoomName.maximumLength) bytes without control characters")
        }
        guard (1...128).contains(input.event.utf8.count) else {
            throw InvalidInput("/event", "must be 1 to 128 bytes")
        }
        guard !Trigger.reservedEvents.contains(input.event) else {
            throw InvalidInput("/event", "is a name that Socket.IO keeps for itself")
        }
    }

    public func handle(_ input: Input, in context: Context) async throws -> Output {
        try context.emit(input.event, input.data ?? .null, to: [input.room])
        context.log.message("Broadcast accepted")
        context.log.set("room", input.room)
        return Output(room: input.room, event: input.event)
    }
}
