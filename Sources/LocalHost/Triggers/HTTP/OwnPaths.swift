internal import Ledger
internal import Base
internal import Runtime
internal import Wire

/// What every host answers: whether it lives, whether it is ready, and its metrics.
final class OwnPaths {
    private let core: HostCore
    private let answers: HTTPAnswers
    /// Functions that cannot be started at present.
    private let failing: () -> [String]
    /// What the parts of the host show of themselves.
    private let gauges: () async -> [Metrics.Gauge]
    /// What `/metrics` answered last.
    private var metricsText: (at: Duration, bytes: [UInt8])?

    static let all: Set<String> = ["/metrics", "/healthz", "/readyz"]

    init(
        _ core: HostCore, _ answers: HTTPAnswers, failing: @escaping () -> [String],
        gauges: @escaping () async -> [Metrics.Gauge]
    ) {
        self.failing = failing
        self.core = core
        self.answers = answers
        self.gauges = gauges
    }

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            var response = answers.response(
                Problem(.methodNotAllowed, "\(request.path) takes GET."), request)
            response.headers.add("Allow", "GET, HEAD, OPTIONS")
            return response
        }
        var headers = HTTPAnswers.securityHeaders
        headers.add("Cache-Control", "no-store")
        switch request.path {
        case "/metrics":
            headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            return HTTPResponse(status: 200, headers: headers, body: await metrics())
        case "/healthz":
            headers.add("Content-Type", "application/json")
            return HTTPResponse(status: 200, headers: headers, body: Array(#"{"status":"ok"}"#.utf8))
        default:
            let keepsPromises = (try? await core.engine.state.check()) != nil
            let isReady = keepsPromises && !core.lifecycle.isStopping
            headers.add("Content-Type", "application/json")
            // One function that cannot start is no reason to send the others' requests elsewhere.
            let names = failing().map { JSONScanner.quoted($0) }.joined(separator: ",")
            let more = names.isEmpty ? "" : #","failing":[\#(names)]"#
            let body = #"{"status":"\#(isReady ? "ready" : "not ready")"\#(more)}"#
            return HTTPResponse(status: isReady ? 200 : 503, headers: headers, body: Array(body.utf8))
        }
    }

    /// The text is made anew only after a moment: it costs as much as many actions.
    private func metrics() async -> [UInt8] {
        if let metricsText, core.now < metricsText.at + core.limits.metricsAge { return metricsText.bytes }
        let bytes = Array(core.engine.metrics.exposition(await gauges()).utf8)
        metricsText = (core.now, bytes)
        return bytes
    }
}
