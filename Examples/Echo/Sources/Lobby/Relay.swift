import Runtime

/// Says whatever arguments come back to their sender, however many they are: as the event `relayed`, and as the
/// acknowledgement.
struct Relay: Function {
    func handle(_ input: AnyArguments, in context: Context) async throws -> AnyArguments {
        if let id = context.connectionID { try context.emit("relayed", input, to: [id]) }
        return input
    }
}
