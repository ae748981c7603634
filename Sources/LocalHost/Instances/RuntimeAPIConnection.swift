internal import Base
internal import Net
internal import Runtime
internal import Wire

/// What an instance says over one of its connections: AWS's Lambda Runtime API, version 2018-06-01
/// (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), of which `next` waits until there is an event.
final class RuntimeAPIConnection: Speaker {
    let transport: Transport
    private let core: HostCore
    private weak var instance: Instance?
    private var parser: HTTPRequestParser
    /// `next` that waits for its answer.
    private(set) var question: HTTPRequest?

    private static let prefix = "/2018-06-01/runtime/"

    init(_ transport: Transport, _ core: HostCore, _ instance: Instance) {
        self.transport = transport
        self.core = core
        self.instance = instance
        var limits = HTTPLimits.standard
        limits.bodyBytes = instance.entry.limits.process.response
        parser = HTTPRequestParser(limits: limits)
        // Any status but 202 would end the client, and an answer that is too large is the invocation's failure alone.
        parser.dropsOverflow = true
    }

    // MARK: What the transport asks

    // What an instance sends is bounded by its limits, and is no client's.
    var heldBytes: Int { 0 }
    var hasRoom: Bool { question == nil || parser.bufferedBytes <= core.limits.pipelinedBytes }
    var isAnswering: Bool { !transport.isEnding }
    var outlivesPeer: Bool { false }
    var hasOwnDeadlines: Bool { true }
    var isHTTP: Bool { false }

    func received(_ bytes: UnsafeRawBufferPointer) {
        unsafe parser.append(bytes)
        advance()
    }

    func goOn() { advance() }
    func mayAnswer() {}
    func wasSent() -> Bool { true }
    func expire() {}
    func evict() { transport.close() }
    func closed() { instance?.line.lost(self) }

    // MARK: Requests

    private func advance() {
        while question == nil, !transport.isEnding {
            do throws(HTTPParseError) {
                switch try parser.next() {
                case .needMore: return
                case .head(let request):
                    if request.expectsContinue { transport.queue { $0.bytes += HTTPResponse.continue } }
                case .request(let request): handle(request)
                }
            } catch {
                answer(error.status, "InvalidRequest", error.detail, keepAlive: false)
                return transport.closeWhenSent()
            }
        }
        transport.watch()
    }

    private func handle(_ request: HTTPRequest) {
        guard let instance, request.path.hasPrefix(Self.prefix) else {
            return answer(404, "InvalidPath", "Only \(Self.prefix) is served here.")
        }
        let parts = request.path.dropFirst(Self.prefix.count).split(
            separator: "/", omittingEmptySubsequences: false)
        switch (request.method, parts.first, parts.count) {
        case ("GET", "invocation", 2) where parts[1] == "next":
            question = request
            instance.asks(self)
        case ("POST", "init", 2) where parts[1] == "error":
            accept()
            instance.failsToStart(FunctionFault(request))
        case ("POST", "invocation", 3): handle(request, String(parts[1]), String(parts[2]), instance)
        default: answer(404, "InvalidPath", "There is nothing at \(request.method) \(request.path).")
        }
    }

    private func handle(_ request: HTTPRequest, _ id: String, _ what: String, _ instance: Instance) {
        let isKnown: Bool
        switch what {
        case "response": isKnown = instance.responds(to: id, with: InstanceAnswer(request))
        case "error": isKnown = instance.fails(id, FunctionFault(request))
        case "live": isKnown = instance.says(id, request.body)
        default: return answer(404, "InvalidPath", "There is nothing at \(request.path).")
        }
        if isKnown { accept() } else { answer(400, "InvalidRequestID", "No such invocation is in hand.") }
    }

    // MARK: Answers

    private func accept() {
        respond(HTTPResponse(status: 202, headers: Self.json, body: Array(#"{"status":"OK"}"#.utf8)))
    }

    private func answer(_ status: Int, _ type: String, _ message: String, keepAlive: Bool = true) {
        let (type, message) = (JSONScanner.quoted(type), JSONScanner.quoted(message))
        let body = #"{"errorMessage":\#(message),"errorType":\#(type)}"#
        respond(
            HTTPResponse(status: status, headers: Self.json, body: Array(body.utf8)), keepAlive: keepAlive)
    }

    private static let json = HTTPHeaders([("Content-Type", "application/json")])

    private func respond(_ response: HTTPResponse, keepAlive: Bool = true) {
        transport.queue {
            response.encode(into: &$0.bytes, toHead: false, keepAlive: keepAlive, date: core.dateText())
        }
    }

    /// Answers `next` with an event.
    func hand(_ task: InstanceTask, function: String, until deadline: Timestamp) {
        question = nil
        var headers = HTTPHeaders([
            ("Content-Type", task.contentType), ("Lambda-Runtime-Aws-Request-Id", task.id),
            ("Lambda-Runtime-Deadline-Ms", String(max(1, deadline.milliseconds))),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:000000000000:function:\(function)"),
        ])
        if let trace = task.trace {
            headers.add(
                "Lambda-Runtime-Trace-Id",
                "Root=1-\(trace.traceID.prefix(8))-\(trace.traceID.dropFirst(8));Parent=\(trace.spanID);Sampled=1"
            )
        }
        respond(HTTPResponse(status: 200, headers: headers, body: task.payload))
        advance()
    }
}

/// An answer as an instance gave it.
struct InstanceAnswer {
    let body: [UInt8]
    /// It was longer than its limit, and so is not here.
    let isCut: Bool

    init(_ request: HTTPRequest) {
        isCut = request.isCut
        // A streamed answer of Lambda's has what stands beside its content in front of it.
        let isStream =
            request.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
        body = isStream ? Self.joined(request.body) : request.body
    }

    /// Eight zero bytes divide the head, which is JSON, from the content
    /// (docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html).
    private static func joined(_ body: [UInt8]) -> [UInt8] {
        let mark = [UInt8](repeating: 0, count: 8)
        guard let end = body.firstRange(of: mark),
            let head = String(validating: body[..<end.lowerBound], as: UTF8.self),
            let members = JSONScanner.members(of: head)
        else { return body }
        var all = members.filter { $0.name != "body" && $0.name != "isBase64Encoded" }
        if !all.contains(where: { $0.name == "statusCode" }) { all.append(("statusCode", "200")) }
        all.append(("body", JSONScanner.quoted(Base64.encode(Array(body[end.upperBound...])))))
        all.append(("isBase64Encoded", "true"))
        return Array(
            ("{" + all.map { JSONScanner.quoted($0.name) + ":" + $0.value }.joined(separator: ",") + "}").utf8
        )
    }
}

/// An error as a function's runtime tells it.
struct FunctionFault {
    let type: String
    let message: String
    /// Where it came from, as the runtime writes it.
    let trace: String

    init(_ request: HTTPRequest) {
        let text = String(decoding: request.body.prefix(Self.read), as: UTF8.self)
        let values = JSONScanner.values(of: ["errorType", "errorMessage", "stackTrace"], in: text)
        func word(_ value: String??) -> String? {
            value.flatMap { $0 }.flatMap { JSONScanner.string(of: $0) }
        }
        type = String(
            (word(values?[0]) ?? request.headers["lambda-runtime-function-error-type"] ?? "Error").prefix(200)
        )
        message = String((word(values?[1]) ?? "").prefix(Self.kept))
        let lines = (values?[2]).flatMap { $0 }.flatMap { JSONScanner.elements(of: $0) } ?? []
        trace = String(lines.compactMap { JSONScanner.string(of: $0) }.joined().prefix(Self.kept))
    }

    /// What is read, and kept.
    private static let read = HostLimits.faultBytes
    private static let kept = HostLimits.faultCharacters

    /// One line.
    var words: String { message.isEmpty ? type : "\(type): \(message)" }
}
