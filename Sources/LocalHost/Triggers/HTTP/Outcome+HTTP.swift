package import Runtime
package import Wire

extension Outcome {
    /// The header fields of the answer over HTTP, whoever sends it.
    package func httpHeaders(_ event: Event) -> HTTPHeaders {
        var headers = HTTPAnswers.securityHeaders
        if let gateway {
            // The host's own fields stay as they are; one of the function's may be there several times (Set-Cookie).
            let own = headers
            for (name, value) in gateway.headers where own[name] == nil && name.lowercased() != "x-request-id"
            {
                headers.add(name, value)
            }
        } else {
            headers.add("Content-Type", isSuccess ? "application/json" : "application/problem+json")
        }
        headers.add("X-Request-Id", event.id)
        if let trace { headers.add("traceparent", trace.traceparent) }
        for (name, value) in rateHeaders(now: event.time) { headers.add(name, value) }
        if isRepeated { headers.add("Idempotent-Replayed", "true") }
        if status == 401, gateway == nil { headers.add("WWW-Authenticate", "Bearer") }
        return headers
    }
}
