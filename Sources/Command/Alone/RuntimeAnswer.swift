internal import Base
internal import LocalHost
internal import Runtime
internal import Wire

/// What is told to the Lambda Runtime API, as JSON.
enum RuntimeAnswer {
    /// API Gateway's format for responses of Lambda functions, payload format 2.0; what came over a socket has no fields.
    static func response(_ outcome: Outcome, to event: Event) -> String {
        let body = JSONScanner.quoted(outcome.json)
        if case .socket = event.trigger { return #"{"statusCode":\#(outcome.status),"body":\#(body)}"# }
        let fields = outcome.httpHeaders(event).fields.map {
            JSONScanner.quoted($0.name) + ":" + JSONScanner.quoted($0.value)
        }
        let headers = fields.joined(separator: ",")
        return
            #"{"statusCode":\#(outcome.status),"headers":{\#(headers)},"body":\#(body),"isBase64Encoded":false}"#
    }

    /// Why there is no answer.
    static func failure(_ message: String, type: String) -> String {
        let (message, type) = (JSONScanner.quoted(message), JSONScanner.quoted(type))
        return #"{"errorMessage":\#(message),"errorType":\#(type),"stackTrace":[]}"#
    }
}
