import Runtime

/// Says something to everyone in a room.
struct Chat: Function {
    struct Input: Decodable, Sendable {
        /// Any JSON, bytes among it.
        let text: JSONValue
        /// `hall` where left out.
        let room: String?
        /// Not to the sender.
        let others: Bool?
        /// Only to who hears it now.
        let volatile: Bool?
    }

    struct Output: Encodable, Sendable {
        let delivered: Bool
    }

    /// The event `chat`.
    struct Said: Encodable {
        let from: String
        let text: JSONValue
    }

    func handle(_ input: Input, in context: Context) async throws -> Output {
        let id = context.connectionID ?? ""
        try context.emit(
            "chat", Said(from: id, text: input.text), to: [input.room ?? "hall"],
            except: input.others == true ? [id] : [], volatile: input.volatile ?? false)
        return Output(delivered: true)
    }
}
