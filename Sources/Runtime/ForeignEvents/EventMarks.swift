/// Recognises what a JSON object is by the members that only one form has.
enum EventMarks {
    static func form(of object: ForeignObject) throws(EventFault) -> ForeignEvent.Form {
        var marks: [(form: ForeignEvent.Form, member: String)] = []
        if object.has("specversion") {
            marks.append((.cloudEvent, "specversion"))
        } else if ["\"REQUEST\"", "\"TOKEN\""].contains(object.value("type")) {
            throw EventFault(
                nil,
                "is what API Gateway asks a Lambda authorizer, and no event for a function: it has the 'type' of one"
            )
        }
        if let context = try object.object("requestContext") {
            if context.has("http") { marks.append((.httpEvent, "requestContext.http")) }
            if let member = ["connectionId", "eventType"].first(where: { context.has($0) }) {
                marks.append((.socketEvent, "requestContext." + member))
            }
            if marks.isEmpty { return try undecided(object) }
        }
        guard let mark = marks.first else {
            throw EventFault(
                nil,
                "is of no form that is read: it has neither 'specversion', as a CloudEvent, nor 'requestContext', as an API Gateway event"
            )
        }
        guard marks.count == 1 else {
            let found = marks.map {
                "'\($0.member)' of a\($0.form == .cloudEvent ? "" : "n") \($0.form.rawValue)"
            }
            throw EventFault(nil, "has the marks of several forms: " + found.joined(separator: " and "))
        }
        return mark.form
    }

    /// An event with a request context that says neither HTTP nor WebSocket.
    private static func undecided(_ object: ForeignObject) throws(EventFault) -> ForeignEvent.Form {
        // What else answers requests with a Lambda function writes them in nearly the same members.
        if let context = try object.object("requestContext") {
            let others = [("elb", "an Application Load Balancer"), ("serviceNetworkArn", "VPC Lattice")]
            if let (_, name) = others.first(where: { context.has($0.0) }) {
                throw EventFault(nil, "is an event of \(name); of HTTP events, API Gateway's are read")
            }
        }
        switch object.value("version") {
        case "\"2.0\"": return .httpEvent
        case "\"1.0\"": break
        default:
            guard object.has("httpMethod") else {
                throw EventFault(
                    "requestContext",
                    "has neither 'http', as an HTTP event, nor 'connectionId', as a WebSocket event")
            }
        }
        throw EventFault(nil, "is an API Gateway event of payload format 1.0; of HTTP events, 2.0 is read")
    }
}
