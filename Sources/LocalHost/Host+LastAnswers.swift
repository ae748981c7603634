internal import Net
internal import Base
internal import Wire

/// What ends a link once the events that came before it are answered.
enum Farewell {
    /// What the client sent broke the protocol: the code and the text for a WebSocket.
    case violation(code: UInt16, text: String)
    /// Likewise, and where the next frame starts cannot be told any more.
    case brokenFrames(code: UInt16, text: String)
    /// The client's close frame.
    case goodbye(code: UInt16?)
}

/// What was valid before a violation, or before a close, is answered before the close.
extension Serving {
    /// Ends a link: at once, or behind the answers to the events that came before, but not later than
    /// `HostLimits.lastAnswers`. Nothing more is read meanwhile.
    func end(_ link: Link, behindAnswers farewell: Farewell) {
        guard !link.isClosing, link.farewell == nil else { return }
        guard isAnswering(link) else { return perform(farewell, link) }
        link.farewell = farewell
        link.farewellDeadline = now + limits.lastAnswers
        plan(link)
    }

    /// Whether an event of this link is being handled, or waits for its turn.
    func isAnswering(_ link: Link) -> Bool {
        link.sockets.contains { $0.life.isHandling || !$0.waiting.isEmpty }
    }

    /// Ends a link that is to end, once it has its answers or has waited long enough.
    func endIfAnswered(_ link: Link) {
        guard let farewell = link.farewell else { return }
        guard !isAnswering(link) || now >= link.farewellDeadline else { return }
        link.farewell = nil
        perform(farewell, link)
    }

    private func perform(_ farewell: Farewell, _ link: Link) {
        switch farewell {
        case .violation(let code, let text): end(link, .parseError, code: code, text)
        case .brokenFrames(let code, let text):
            end(link, .parseError, code: code, text)
            guard let connection = link.connection else { return }
            // No close frame of the client's can be recognised any more.
            connection.lingers = true
            closeWhenSent(connection)
        case .goodbye(let code):
            guard let connection = link.connection, let channel = connection.channel else { return }
            if !channel.isClosing {
                channel.isClosing = true
                connection.frames.append(WebSocketEncoder.close(code: code ?? 1000))
                markDirty(connection)
            }
            closeWhenSent(connection)
            for socket in link.sockets { leave(socket, .transportClose) }
            link.isClosing = true
        }
    }
}
