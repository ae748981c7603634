internal import Runtime

/// Whether a client is still there: it is pinged from time to time, and must answer within some time.
struct Heartbeat {
    private(set) var nextPing: Duration
    /// When the client must have answered a ping, and when the first one went out that it has not answered.
    private(set) var pongDeadline: Duration?
    private var pingedAt: Duration = .zero

    init(now: Duration, _ settings: SocketSettings) { nextPing = now + settings.pingInterval }

    /// When it is to be looked at.
    var deadline: Duration { pongDeadline.map { min($0, nextPing) } ?? nextPing }

    /// The client has answered.
    mutating func pong() { pongDeadline = nil }

    /// Bytes have come from a client: a long message over a slow line is a sign of life, though its pong is behind it.
    mutating func hears(_ now: Duration, _ settings: SocketSettings, _ limits: HostLimits) {
        guard let deadline = pongDeadline else { return }
        pongDeadline = max(deadline, min(now + settings.pingTimeout, pingedAt + limits.messageTime))
    }

    /// Its pong may have arrived, but is not read before there is room for what came before it.
    mutating func isHeldUp(_ now: Duration, _ settings: SocketSettings) {
        if pongDeadline != nil { pongDeadline = now + settings.pingTimeout }
    }

    func isOver(_ now: Duration) -> Bool { pongDeadline.map { now >= $0 } ?? false }

    /// Whether a ping is to go out now.
    mutating func pings(_ now: Duration, _ settings: SocketSettings) -> Bool {
        guard now >= nextPing else { return false }
        nextPing = now + settings.pingInterval
        if pongDeadline == nil {
            pongDeadline = now + settings.pingTimeout
            pingedAt = now
        }
        return true
    }
}
