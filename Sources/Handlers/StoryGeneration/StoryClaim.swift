internal import Base
internal import Game
internal import Functions

/// Who tells what came of an action: a record for each action that a language model tells of, so that no two processes
/// do, and what became of it. (Within a process `Context.turn` sees to it, and the store is not asked.)
struct StoryClaim: StoredRecord, Equatable {
    static let kind = "story-claim"

    // In the order of their names, in which they are encoded.
    /// The process that tells it.
    var by: String
    /// The action's id.
    let id: String
    /// The story's id, once it is told.
    var story: String?
    /// Names this telling; a later one of the action gets another.
    var telling: String
    /// Until when it counts, in milliseconds since 1970.
    var until: Int64

    /// Whether another process is at it. One that says to need much longer than a telling may take (`lasting`, of which
    /// there is as much again for those who looked at the clock a little before) has said so while the clock was ahead, and
    /// is not believed. What this process has left undone is nobody's.
    func isHeld(against process: String, at now: Timestamp, lasting: Int64) -> Bool {
        story == nil && by != process && until > now.milliseconds && until - now.milliseconds <= 2 * lasting
    }
}
