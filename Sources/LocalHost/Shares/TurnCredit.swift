/// What one connection may have done for it in a turn of the loop, in bytes and what costs as much as so many bytes: then
/// it is the others' turn.
///
/// A debt is kept (deficit round robin: Shreedhar and Varghese, 1995): what cannot be cut, such as one message that
/// inflates to a megabyte, is paid for in the turns that follow. While nobody else has anything to do, these turns are
/// over at once.
struct TurnCredit: Sendable {
    /// What a thing costs beside its bytes.
    enum Cost {
        /// A request over HTTP.
        static let request = 4_096
        /// A packet or a message: an event, as a rule.
        static let packet = 1_024
    }

    private var credit: Int
    private var turn: Int

    init(perTurn: Int, turn: Int) {
        credit = perTurn
        self.turn = turn
    }

    /// Whether there is anything left in this turn.
    mutating func isLeft(perTurn: Int, in turn: Int) -> Bool {
        let passed = turn &- self.turn
        if passed > 0 {
            let (gain, isMuch) = perTurn.multipliedReportingOverflow(by: passed)
            let (sum, isMore) = credit.addingReportingOverflow(gain)
            credit = isMuch || isMore ? perTurn : min(perTurn, sum)
            self.turn = turn
        }
        return credit > 0
    }

    /// Something was done that costs so much.
    mutating func spend(_ cost: Int) {
        let (rest, overflows) = credit.subtractingReportingOverflow(max(0, cost))
        credit = overflows ? .min / 2 : rest
    }
}
