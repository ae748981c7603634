internal import Ledger

/// The writer's statements, one group a kind of state.
struct Tables {
    let records: RecordStatements
    let jobs: JobStatements
    let groups: GroupStatements
    let connections: Connections
    let rooms: Rooms
    let outbox: Outbox
    let hosts: Hosts
    let rates: RateStatements
    let answers: AnswerStatements

    init(_ database: Database) {
        records = RecordStatements(database)
        jobs = JobStatements(database)
        groups = GroupStatements(database)
        rooms = Rooms(database)
        connections = Connections(database, rooms)
        outbox = Outbox(database)
        hosts = Hosts(database)
        rates = RateStatements(database)
        answers = AnswerStatements(database)
    }
}

/// What the writer shares with the others of its process.
struct Shared {
    /// What readers need not read again, but for what a transaction has saved.
    let recordCache: RecordCache
    /// Invocations under way in this process.
    let inFlight: InFlight
    let observer: ObserverBox
}
