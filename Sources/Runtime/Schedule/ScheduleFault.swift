/// Why a text is no schedule.
public struct ScheduleFault: Error, Equatable, CustomStringConvertible {
    /// One line: what stands where, and what could.
    public let description: String
}
