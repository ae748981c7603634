internal import Base
internal import Engine
internal import Ledger

/// What a command did to a store that another process records, and that is no function's work: sessions that it opened
/// or ended.
struct RecordedWrite: Sendable {
    /// The command.
    let by: String
    /// Its numbers in the store's order; `numbers` is how many the commit took. Without a commit it was refused.
    let admission: Int64
    let commit: Int64?
    let numbers: Int64
    /// When it began.
    let at: Timestamp
    /// The session that had to be open for it.
    let session: String?
    let writes: [UnitOfWork.Write]
}

extension RecordedWrite {
    /// Reads the members of a line; nil for a write that only a newer version of the software knows.
    init?(_ line: RecordingMembers) throws(RecordingProblem) {
        guard let admission = try line.number("admission"), let at = Timestamp(rfc3339: try line.text("at"))
        else { throw RecordingProblem("a write needs its number and its time") }
        let commit = try line.number("commit")
        var writes: [UnitOfWork.Write] = []
        for text in try RecordingMembers(try line.value("unit"), "unit").elements("writes") {
            let write = try RecordingMembers(text, "writes")
            if let id = try write.optionalText("open_session") {
                guard let end = Timestamp(rfc3339: try write.text("expires_at")) else {
                    throw RecordingProblem("'expires_at' must be an RFC 3339 time")
                }
                writes.append(.openSession(id: id, subject: try write.text("subject"), expiresAt: end))
            } else if let id = try write.optionalText("revoke_session") {
                writes.append(.revokeSession(id: id))
            } else {
                return nil
            }
        }
        let numbers = try line.number("numbers") ?? 1
        guard numbers >= 1, numbers <= commit ?? .max, admission < commit ?? .max else {
            throw RecordingProblem("'numbers' is out of range")
        }
        self.init(
            by: try line.text("by"), admission: admission, commit: commit, numbers: numbers, at: at,
            session: try line.optionalText("session"), writes: writes)
    }
}

extension RecordLine {
    /// What a command did, under numbers of its own.
    mutating func write(_ write: RecordedWrite, admission: Int64, commit: Int64?) {
        bytes.append(contentsOf: #"{"kind":"write","by":"#.utf8)
        quote(write.by)
        put(#","admission":"#, admission)
        if let commit {
            put(#","commit":"#, commit)
            put(#","numbers":"#, write.numbers)
        }
        put(#","at":"#, text: write.at.rfc3339)
        if let session = write.session { put(#","session":"#, text: session) }
        bytes.append(contentsOf: #","unit":"#.utf8)
        self.write(UnitOfWork(writes: write.writes))
        add("}\n")
    }
}
