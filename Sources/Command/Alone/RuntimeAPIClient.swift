internal import Base
internal import Net
internal import Wire

/// A client of the Lambda Runtime API 2018-06-01, over one connection. Belongs to one thread, which it blocks.
final class RuntimeAPIClient {
    private let host: TargetHost
    private let patience: Patience
    /// While nothing is in hand, a stop ends the waiting.
    private let idle: Patience
    private var link: (connection: ClientConnection, reader: HTTPAnswerReader)?

    private static let prefix = "/2018-06-01/runtime"
    private static let connectTime = Duration.seconds(5)
    /// How long it may take to be told that an answer has arrived, and for an event to arrive whole.
    private static let answerTime = Duration.seconds(30)
    /// For `next`: it is answered when there is an event.
    private static let noLimit = Duration.seconds(Int64(100 * 366 * 86_400))
    /// Lambda's events have at most 6 MB.
    private static let limits = HTTPLimits(
        headerBytes: 64 * 1024, headerCount: 1_000, bodyBytes: 8 << 20, chunkLineBytes: 4 * 1024)

    /// `uptime` is the platform's; `stop` rings when no further event is wanted.
    init(of host: TargetHost, uptime: @escaping @Sendable () -> Duration, stop: Bell) {
        self.host = host
        patience = Patience(uptime: uptime)
        idle = Patience(cancellation: stop, uptime: uptime)
    }

    /// The next event; waits for it without a limit. Nil after a stop.
    func next() throws(RuntimeAPIError) -> RuntimeInvocation? {
        guard !idle.isCancelled else { return nil }
        let path = "/invocation/next"
        guard let answer = try exchange("GET", path, [], body: nil, until: Self.noLimit) else { return nil }
        guard answer.head.status == 200 else { throw .status(answer.head.status, path) }
        guard let invocation = RuntimeInvocation(answer.head.headers, payload: answer.body) else {
            throw .noRequestID
        }
        return invocation
    }

    /// Gives an answer.
    func respond(_ json: String, to invocation: RuntimeInvocation) throws(RuntimeAPIError) {
        try tell(path(invocation, "response"), fields(invocation), json)
    }

    /// Says that there is no answer, and why.
    func fail(_ message: String, type: String, _ invocation: RuntimeInvocation) throws(RuntimeAPIError) {
        try tell(
            path(invocation, "error"), fields(invocation) + [("Lambda-Runtime-Function-Error-Type", type)],
            RuntimeAnswer.failure(message, type: type))
    }

    /// Says that nothing can be served, and why.
    func failStart(_ message: String, type: String) throws(RuntimeAPIError) {
        try tell(
            "/init/error", [("Lambda-Runtime-Function-Error-Type", type)],
            RuntimeAnswer.failure(message, type: type))
    }

    private func path(_ invocation: RuntimeInvocation, _ end: String) -> String {
        "/invocation/\(invocation.id)/\(end)"
    }

    private func fields(_ invocation: RuntimeInvocation) -> [(String, String)] {
        invocation.invocationID.map { [("Lambda-Runtime-Invocation-Id", $0)] } ?? []
    }

    private func tell(
        _ path: String, _ fields: [(String, String)], _ json: String
    ) throws(RuntimeAPIError) {
        let answer = try exchange(
            "POST", path, fields, body: json, until: patience.uptime() + Self.answerTime)
        guard let answer, answer.head.status == 202 else { throw .status(answer?.head.status ?? 0, path) }
    }

    /// One request and its answer; nil where a stop came before there was any of it. Without a body it may be stopped.
    private func exchange(
        _ method: String, _ path: String, _ fields: [(String, String)], body: String?, until end: Duration
    ) throws(RuntimeAPIError) -> HTTPAnswer? {
        var head = "\(method) \(Self.prefix)\(path) HTTP/1.1\r\nHost: \(host.authority)\r\n"
        head += "User-Agent: gestaloka\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let body {
            head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        do throws(ConnectionError) {
            let connection = try connected()
            try connection.send(Array((head + "\r\n" + (body ?? "")).utf8), until: end)
            connection.patience = body == nil ? idle : patience
            defer { connection.patience = patience }
            return try receive(on: connection, until: end)
        } catch {
            link = nil
            if error == .cancelled { return nil }
            throw .connection("\(error)", path)
        }
    }

    private func connected() throws(ConnectionError) -> ClientConnection {
        if let link { return link.connection }
        let peer = ClientConnection.Peer(name: host.name, port: host.port, isLiteral: false, isSecure: false)
        let made = try ClientConnection(to: peer, until: patience.uptime() + Self.connectTime, patience)
        link = (made, HTTPAnswerReader(limits: Self.limits))
        return made
    }

    private func receive(
        on connection: ClientConnection, until end: Duration
    ) throws(ConnectionError) -> HTTPAnswer {
        var end = end
        while true {
            var bytes: [UInt8] = []
            do throws(ConnectionError) { bytes = try connection.receive(until: end) } catch {
                guard error == .cancelled else { throw error }
                connection.fill(atMost: 1)
                bytes = connection.take()
                if bytes.isEmpty { throw error }
            }
            // What has begun to arrive is an event in hand.
            if !bytes.isEmpty, end == Self.noLimit {
                connection.patience = patience
                end = patience.uptime() + Self.answerTime
            }
            link?.reader.append(bytes)
            let answer: HTTPAnswer?
            do throws(HTTPResponseError) {
                answer = try link?.reader.next(atEnd: bytes.isEmpty)
            } catch { throw .broken }
            if let answer {
                if !answer.head.keepsAlive { link = nil }
                return answer
            }
            guard !bytes.isEmpty else { throw .broken }
        }
    }
}

/// Why a program no longer serves the Lambda Runtime API.
enum RuntimeAPIError: Error, Equatable, CustomStringConvertible {
    case address
    case concurrency
    case connection(_ reason: String, _ path: String)
    case status(_ status: Int, _ path: String)
    case noRequestID
    case noThread(String)

    var description: String {
        switch self {
        case .address: "AWS_LAMBDA_RUNTIME_API must be HOST:PORT"
        case .concurrency:
            "AWS_LAMBDA_MAX_CONCURRENCY must be a whole number from \(RuntimeAPISession.concurrency.lowerBound) to \(RuntimeAPISession.concurrency.upperBound)"
        case .connection(let reason, let path): "the Lambda Runtime API is lost at \(path): \(reason)"
        case .status(let status, let path): "the Lambda Runtime API answers \(path) with \(status)"
        case .noRequestID: "the Lambda Runtime API gives an event without Lambda-Runtime-Aws-Request-Id"
        case .noThread(let reason): reason
        }
    }
}
