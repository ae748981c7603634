/// What is done for one transport, and what is known of it for that.
struct TurnShare {
    /// What may still be done for it in this turn of the loop.
    var credit: TurnCredit
    /// What was done for it of late.
    var pace = Pace()
    /// Nothing more is done for it in this turn, or while it rests.
    var isParked = false
    /// What it holds in memory is noted.
    var isNoted = false
}
