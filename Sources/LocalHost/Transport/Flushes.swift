internal import Base

/// Who is sent to at the end of a turn.
struct Flushes {
    /// Those with something to send.
    private var dirty: [UInt64] = []
    /// Those with a share in broadcasts to many, which may wait a moment for the next one.
    private var gathered: [UInt64] = []
    private var lastRelease: Duration = .zero
    /// Wakes the loop when the shares are to go.
    var timer: TimerID?

    mutating func add(_ transport: Transport) {
        guard !transport.isDirty else { return }
        transport.isDirty = true
        dirty.append(transport.id)
    }

    mutating func addShare(_ transport: Transport) {
        guard !transport.isDirty else { return }
        transport.isDirty = true
        gathered.append(transport.id)
    }

    /// Those who are sent to now; nil where there are none.
    mutating func take() -> [UInt64]? {
        guard !dirty.isEmpty else { return nil }
        let ids = dirty
        dirty.removeAll(keepingCapacity: true)
        return ids
    }

    /// Lets the shares in broadcasts go, or says when they may. To write to a socket costs far more than what is written:
    /// under load each write takes along what the next few milliseconds bring.
    mutating func release(_ uptime: @autoclosure () -> Duration, _ limits: HostLimits) -> Duration? {
        guard !gathered.isEmpty else { return nil }
        let now = uptime()
        let wait = lastRelease + limits.gathering - now
        guard gathered.count < limits.gatheredSockets || wait <= .zero else {
            return timer == nil ? wait : nil
        }
        dirty += gathered
        gathered.removeAll(keepingCapacity: true)
        lastRelease = now
        return nil
    }
}
