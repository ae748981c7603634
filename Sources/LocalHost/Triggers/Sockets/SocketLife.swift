/// The life of a socket in one namespace, from its connect packet to the end of its `$disconnect`: takes what happens,
/// and says what is to be done about it. Knows no transport, no time and no store.
///
/// ```
/// waiting -> deciding -> open -> ending -> ended       each may go straight to `ended` where nothing was recorded
///                |         ^
///                +-> returning                         it comes back to the rooms that it had
/// ```
///
/// A socket that is gone for its client may still have something under way, `$connect` or an event; `$disconnect` waits
/// for that. All of a socket's life belongs to its connection id: a later socket of the same id begins when this one has
/// ended (`Action.release`).
struct SocketLife: Equatable {
    /// What happens to a socket.
    enum Input: Equatable, CaseIterable {
        /// Nothing is bound to `$connect`: everybody is let in.
        case welcome
        /// It is its turn: the id is its own, and there is a place for its `$connect`. It begins anew.
        case turn
        /// As `turn`, of a socket that comes back to the rooms of its id.
        case turnToReturn
        /// `$connect` has let it in.
        case admitted
        /// `$connect` has denied it.
        case denied
        /// `$connect` could not be had at the moment, or not in time.
        case failed
        /// Its rooms are its own again.
        case roomsBack
        /// What it missed has been read.
        case caughtUp
        /// What it missed is not to be had any more: it cannot come back.
        case lost
        /// An event of its client begins to be handled.
        case eventBegan
        /// That event has been handled.
        case eventEnded
        /// Its client has left or is sent away, and may not come back.
        case left
        /// Its client was lost, and may come back.
        case dropped
        /// Another socket has its id now, and with it what the store knows of it.
        case supplanted
        /// `$disconnect` has ended.
        case departed
    }

    /// What is to be done, in this order.
    enum Action: Equatable {
        /// Run `$connect`.
        case connect
        /// Read what it missed.
        case catchUp
        /// Tell the client that it is connected, and what was held back for it.
        case open
        /// Tell the client that it was denied.
        case deny
        /// End the client's transport, so that it comes back by itself.
        case turnAway
        /// Nobody finds the socket any more.
        case forget
        /// Run `$disconnect`; `isLost` where the client may come back.
        case disconnect(isLost: Bool)
        /// The id is free for the next socket. The last action of every life.
        case release
    }

    /// What `$disconnect` waits for.
    private enum Work: Equatable { case connect, event }

    /// How a socket ends that is gone for its client.
    private enum End: Equatable {
        case left, dropped, supplanted

        init?(_ input: Input) {
            switch input {
            case .left: self = .left
            case .dropped: self = .dropped
            case .supplanted: self = .supplanted
            default: return nil
            }
        }
    }

    private enum State: Equatable {
        /// Until its id is free and there is a place for its `$connect`.
        case waiting
        /// `$connect` runs.
        case deciding(returns: Bool, hasRooms: Bool)
        /// Let in, and on its way back: first to its rooms, then to what it missed.
        case returning(hasRooms: Bool)
        case open(isHandling: Bool)
        /// Gone for the client, with something under way.
        case parting(End, from: Work)
        /// `$disconnect` runs.
        case ending
        case ended
    }

    private var state = State.waiting

    /// Whether the client has not been answered yet.
    var isConnecting: Bool {
        switch state {
        case .waiting, .deciding, .returning: true
        case .open, .parting, .ending, .ended: false
        }
    }

    /// Whether the client is connected.
    var isOpen: Bool { if case .open = state { true } else { false } }

    /// Whether an event of the client is being handled, also after it has left.
    var isHandling: Bool {
        switch state {
        case .open(isHandling: true), .parting(_, from: .event): true
        default: false
        }
    }

    /// Whether it still waits for its turn.
    var isWaiting: Bool { state == .waiting }

    /// Whether it is gone for its client.
    var isGone: Bool {
        switch state {
        case .parting, .ending, .ended: true
        case .waiting, .deciding, .returning, .open: false
        }
    }

    /// What to do about what happens. What cannot happen in a state changes nothing.
    mutating func receive(_ input: Input) -> [Action] {
        if let end = End(input) { return receive(end) }
        switch (state, input) {
        case (.waiting, .welcome):
            state = .open(isHandling: false)
            return [.open]
        case (.waiting, .turn):
            state = .deciding(returns: false, hasRooms: false)
            return [.connect]
        case (.waiting, .turnToReturn):
            state = .deciding(returns: true, hasRooms: false)
            return [.connect]
        case (.deciding(let returns, let hasRooms), .admitted):
            state = returns ? .returning(hasRooms: hasRooms) : .open(isHandling: false)
            return returns ? (hasRooms ? [.catchUp] : []) : [.open]
        case (.deciding(let returns, _), .roomsBack):
            state = .deciding(returns: returns, hasRooms: true)
            return []
        case (.waiting, .denied), (.deciding, .denied):
            state = .ended
            return [.forget, .deny, .release]
        case (.waiting, .failed), (.deciding, .failed):
            state = .ended
            return [.forget, .turnAway, .release]
        case (.returning(hasRooms: false), .roomsBack):
            state = .returning(hasRooms: true)
            return [.catchUp]
        case (.returning, .caughtUp):
            state = .open(isHandling: false)
            return [.open]
        case (.returning, .lost):
            state = .ending
            return [.forget, .turnAway, .disconnect(isLost: false)]
        case (.open(isHandling: false), .eventBegan):
            state = .open(isHandling: true)
            return []
        case (.open(isHandling: true), .eventEnded):
            state = .open(isHandling: false)
            return []
        case (.parting(let end, from: .connect), .admitted), (.parting(let end, from: .event), .eventEnded):
            return depart(end)
        case (.parting(_, from: .connect), .denied), (.parting(_, from: .connect), .failed):
            state = .ended
            return [.release]
        case (.ending, .departed):
            state = .ended
            return [.release]
        default: return []
        }
    }

    private mutating func receive(_ end: End) -> [Action] {
        switch state {
        case .waiting:
            state = .ended
            return [.forget, .release]
        case .deciding:
            state = .parting(end, from: .connect)
            return [.forget]
        case .open(isHandling: true):
            state = .parting(end, from: .event)
            return [.forget]
        case .returning, .open: return [.forget] + depart(end)
        case .parting(_, let work):
            // Nothing is kept of it, or it is somebody else's.
            if end != .dropped { state = .parting(end, from: work) }
            return []
        case .ending, .ended: return []
        }
    }

    private mutating func depart(_ end: End) -> [Action] {
        guard end != .supplanted else {
            state = .ended
            return [.release]
        }
        state = .ending
        return [.disconnect(isLost: end == .dropped)]
    }
}
