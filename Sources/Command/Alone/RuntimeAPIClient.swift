internal import Base
internal import Ledger
internal import Net
internal import Runtime
internal import Wire

/// What a function says to the Lambda Runtime API 2018-06-01, as HTTP/1.1 requests.
struct RuntimeAPIClient: Sendable {
    let host: TargetHost
    let patience: Patience

    private static let prefix = "/2018-06-01/runtime"
    private static let connectTime = Duration.seconds(5)
    /// How long it may take to be told that an answer has arrived, and for an event to arrive whole.
    static let answerTime = Duration.seconds(30)
    /// Lambda's events have at most 6 MB; those of a host of ours are as large as its manifest lets them be.
    static let limits = HTTPLimits(
        headerBytes: 64 * 1024, headerCount: 1_000, bodyBytes: 48 << 20, chunkLineBytes: 4 * 1024)
    /// Where events are asked for.
    static let nextPath = "/invocation/next"

    /// `uptime` is the platform's.
    init(of host: TargetHost, uptime: @escaping @Sendable () -> Duration) {
        self.host = host
        patience = Patience(uptime: uptime)
    }

    func connect() throws(ConnectionError) -> ClientConnection {
        let peer = ClientConnection.Peer(name: host.name, port: host.port, isLiteral: false, isSecure: false)
        return try ClientConnection(to: peer, until: patience.uptime() + Self.connectTime, patience)
    }

    // MARK: Requests

    /// Asks for an event.
    func next(into bytes: inout [UInt8]) { request("GET", Self.nextPath, [], body: nil, into: &bytes) }

    /// Gives an answer.
    func response(_ json: String, to invocation: RuntimeInvocation, into bytes: inout [UInt8]) {
        request("POST", path(invocation, "response"), fields(invocation), body: json, into: &bytes)
    }

    /// Tells a host of ours what a function says before it answers.
    func live(_ json: String, of invocation: RuntimeInvocation, into bytes: inout [UInt8]) {
        request("POST", path(invocation, "live"), fields(invocation), body: json, into: &bytes)
    }

    /// Says that there is no answer, and why.
    func error(
        _ message: String, type: String, to invocation: RuntimeInvocation, into bytes: inout [UInt8]
    ) {
        request(
            "POST", path(invocation, "error"),
            fields(invocation) + [("Lambda-Runtime-Function-Error-Type", type)],
            body: RuntimeAnswer.failure(message, type: type), into: &bytes)
    }

    /// Says that nothing can be served, and why, and waits until that is known. Blocks.
    func failStart(_ message: String, type: String) throws {
        var bytes: [UInt8] = []
        request(
            "POST", "/init/error", [("Lambda-Runtime-Function-Error-Type", type)],
            body: RuntimeAnswer.failure(message, type: type), into: &bytes)
        let connection = try connect()
        let end = patience.uptime() + Self.answerTime
        try connection.send(bytes, until: end)
        _ = try connection.receive(until: end)
    }

    private func path(_ invocation: RuntimeInvocation, _ end: String) -> String {
        "/invocation/\(invocation.id)/\(end)"
    }

    private func fields(_ invocation: RuntimeInvocation) -> [(String, String)] {
        invocation.invocationID.map { [("Lambda-Runtime-Invocation-Id", $0)] } ?? []
    }

    private func request(
        _ method: String, _ path: String, _ fields: [(String, String)], body: String?,
        into bytes: inout [UInt8]
    ) {
        bytes.append(utf8: method)
        bytes.append(utf8: " ")
        bytes.append(utf8: Self.prefix)
        bytes.append(utf8: path)
        bytes.append(utf8: " HTTP/1.1\r\nHost: ")
        bytes.append(utf8: host.authority)
        bytes.append(utf8: "\r\nUser-Agent: gestaloka\r\n")
        for (name, value) in fields { bytes.append(utf8: "\(name): \(value)\r\n") }
        if let body {
            bytes.append(utf8: "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            bytes.append(utf8: body)
        } else {
            bytes.append(utf8: "\r\n")
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

    var description: String {
        switch self {
        case .address: "AWS_LAMBDA_RUNTIME_API must be HOST:PORT"
        case .concurrency:
            "AWS_LAMBDA_MAX_CONCURRENCY must be a whole number from \(RuntimeAPISession.concurrency.lowerBound) to \(RuntimeAPISession.concurrency.upperBound)"
        case .connection(let reason, let path): "the Lambda Runtime API is lost at \(path): \(reason)"
        case .status(let status, let path): "the Lambda Runtime API answers \(path) with \(status)"
        case .noRequestID: "the Lambda Runtime API gives an event without Lambda-Runtime-Aws-Request-Id"
        }
    }
}
