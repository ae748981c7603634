internal import Base
internal import Net
internal import Runtime
internal import Wire

/// HTTP/1.1 over a transport: requests, answered one after the other and in order (RFC 9112 section 9.3.2).
final class HTTPConnection: Speaker {
    let transport: Transport
    private let server: HTTPTrigger
    private var parser: HTTPRequestParser?
    /// A request is being answered; the next one waits.
    var isBusy = false
    /// Its last request asked how the host is (`/readyz`): it stays open while the host stops, and is told.
    var isProbe = false
    /// A part of a request has arrived, and the transport's deadline is that of its rest.
    private var isReceivingRequest = false
    /// The Engine.IO session whose poll it holds open.
    var poll: EngineSession?
    /// The Engine.IO session for which the body of a request arrives, or is being taken.
    var sender: EngineSession?
    /// A request of another worker's session, and that worker: it is handed on once all answers have gone out.
    private var handedOn: (request: HTTPRequest, worker: Int)?
    /// What is being answered piece by piece, for as long as the client listens.
    var stream: EventStream?

    private var limits: HostLimits { server.core.limits }
    private var isStopping: Bool { server.core.lifecycle.isStopping }

    init(_ transport: Transport, _ server: HTTPTrigger) {
        self.transport = transport
        self.server = server
        parser = HTTPRequestParser(limits: server.httpLimits)
    }

    var id: UInt64 { transport.id }

    // MARK: What the transport asks

    var heldBytes: Int { parser?.heldBytes ?? 0 }

    var hasRoom: Bool {
        let isHeldUp = isBusy || transport.waitingBytes > limits.pipelinedBytes
        return !isHeldUp || (parser?.bufferedBytes ?? 0) <= limits.pipelinedBytes
    }

    var isAnswering: Bool { isBusy }
    var outlivesPeer: Bool { isBusy && poll == nil && stream == nil }
    var hasOwnDeadlines: Bool { false }
    var isHTTP: Bool { true }

    func received(_ bytes: UnsafeRawBufferPointer) {
        unsafe parser?.append(bytes)
        sender?.hears()
        advance()
    }

    func goOn() {
        if let sender, sender.post?.connection === self {
            sender.takePost()
        } else {
            advance()
        }
    }

    func mayAnswer() {
        if poll == nil, transport.peerHasEnded || (parser?.bufferedBytes ?? 0) > 0 { advance() }
    }

    func wasSent() -> Bool {
        guard let (request, worker) = handedOn else { return true }
        handedOn = nil
        isBusy = false
        let rest = parser?.takeRemaining() ?? []
        if server.workers?.handOn(transport, request, rest, to: worker) == true {
            transport.close()
        } else {
            refuse(Problem(.busy, "The session's worker cannot be reached.", retryAfter: limits.retryAfter))
        }
        return false
    }

    func expire() {
        if isReceivingRequest {
            refuse(Problem(.timeout, "The request took longer than \(limits.requestTime)."))
        } else {
            transport.close()
        }
    }

    func evict() {
        // It is owed an answer, or does not read those it got: no other one can go before that.
        if isBusy || transport.isEnding || transport.waitingBytes > 0 { return transport.close() }
        parser = nil
        refuse(Problem(.busy, "Too much is waiting for its rest.", retryAfter: limits.retryAfter))
    }

    func closed() {
        stream?.task?.cancel()
        for session in [sender, poll] { session?.lost(self) }
        (sender, poll) = (nil, nil)
    }

    // MARK: Requests

    /// Takes what has arrived as far as it goes.
    func advance() {
        var owesContinue = false
        var head: HTTPRequest?
        // What is answered at once must not pile up either: the rest waits until some of it has been sent.
        while !isBusy, !transport.isEnding, transport.waitingBytes <= limits.pipelinedBytes,
            transport.hasTurn()
        {
            let step: HTTPRequestParser.Step
            do throws(HTTPParseError) {
                guard let next = try parser?.next() else { return }
                step = next
            } catch {
                return refuse(Problem(.protocolError, error.detail, status: error.status))
            }
            switch step {
            case .needMore:
                if let head, !server.takesBody(of: head) { return refuseBody(of: head) }
                // Not sooner: a body that is too large is refused instead, and one that is here needs no invitation.
                if owesContinue { transport.queue { $0.bytes += HTTPResponse.continue } }
                return waitForMore()
            case .head(let request):
                if let worker = server.workers?.other(for: request) {
                    handedOn = (request, worker)
                    isBusy = true
                    return transport.queue { _ in }
                }
                sender = server.sessions.receiver(of: request)
                parser?.bodyLimit = server.bodyLimit(of: request)
                owesContinue = request.expectsContinue
                head = request
            case .request(let request):
                head = nil
                isReceivingRequest = false
                sender = nil
                transport.spend(
                    TurnCredit.Cost.request + request.target.utf8.count + request.body.count)
                server.handle(request, self)
            }
        }
        guard transport.speaker === self else { return }
        if !isBusy, !transport.isEnding { transport.deadline = server.core.now + limits.idleTime }
        transport.watch()
    }

    private func waitForMore() {
        if isIdle {
            isReceivingRequest = false
            transport.deadline = server.core.now + limits.idleTime
            if transport.peerHasEnded || isStopping { transport.closeWhenSent() }
        } else if transport.peerHasEnded {
            transport.closeWhenSent()
        } else if !isReceivingRequest {
            isReceivingRequest = true
            transport.expire(at: server.core.now + limits.requestTime)
        }
    }

    /// Whether no part of a request has arrived.
    private var isIdle: Bool { parser?.isBetweenRequests ?? true }

    /// Answers a request of which the body has not arrived, and closes: where the next one begins is not known.
    private func refuseBody(of head: HTTPRequest) {
        var head = head
        head.keepsAlive = false
        transport.lingers = true
        server.handle(head, self)
    }

    /// Takes what another worker has read.
    func take(_ bytes: [UInt8]) {
        parser?.append(bytes)
        advance()
    }

    /// What has been read behind the request that opened a WebSocket.
    func takeRest() -> [UInt8] {
        defer { parser = nil }
        return parser?.takeRemaining() ?? []
    }

    // MARK: Answers

    /// Queues the answer. What the client has sent behind the request is for `advance`: calling it from here would go a
    /// level deeper with every pipelined request.
    func answer(_ response: HTTPResponse, to request: HTTPRequest) {
        let keepsAlive = request.keepsAlive && !isStopping
        let response = server.answers.complete(response, for: request)
        transport.share.credit.spend(response.body.count)
        transport.queue { output in
            response.encode(
                into: &output.bytes, toHead: request.method == "HEAD", keepAlive: keepsAlive,
                date: server.core.dateText(), minorVersion: request.minorVersion)
        }
        isBusy = false
        if !keepsAlive { transport.closeWhenSent() }
    }

    func answer(_ problem: Problem, to request: HTTPRequest) {
        answer(server.answers.response(problem, request), to: request)
    }

    /// Answers what is no request, and closes: where it would go on is unknown (RFC 9112 section 2.2).
    func refuse(_ problem: Problem) {
        transport.queue { output in
            server.answers.response(problem, nil).encode(
                into: &output.bytes, toHead: false, keepAlive: false, date: server.core.dateText(),
                minorVersion: 1)
        }
        transport.lingers = true
        transport.closeWhenSent()
    }

    /// The host stops: closes unless something is owed.
    func stop() {
        guard !isBusy, isIdle, !isProbe else { return }
        if transport.waitingBytes > 0 { transport.closeWhenSent() } else { transport.close() }
    }
}
