internal import Base
internal import Functions
internal import Observability
internal import Wire

/// An HTTP request that carries CloudEvents (HTTP protocol binding for CloudEvents 1.0.2), as a log holds it: its lines
/// may end in LF, and `Host` or, without a transfer coding, `Content-Length` may be missing.
struct CloudEventRequest {
    /// The content modes (section 1.3).
    enum Mode {
        /// Attributes in `ce-*` fields, the data as the body.
        case binary
        /// One event in JSON as the body.
        case structured
        /// A JSON array of events as the body.
        case batched
    }

    let mode: Mode
    private let request: HTTPRequest

    var body: [UInt8] { request.body }

    init(_ text: ArraySlice<UInt8>, bodyLimit: Int) throws(EventFault) {
        request = try HTTPMessageText.request(text, bodyLimit: bodyLimit)
        mode = try Self.mode(of: request)
    }

    /// Section 3: by the prefix of the media type; only the JSON formats are known here.
    private static func mode(of request: HTTPRequest) throws(EventFault) -> Mode {
        let mediaType = (request.headers["content-type"] ?? "")
            // Blanks and tabs may stand in front of a parameter (RFC 9110 section 5.6.6).
            .prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
        switch mediaType {
        case "application/cloudevents+json": return .structured
        case "application/cloudevents-batch+json": return .batched
        case let type where type.hasPrefix("application/cloudevents"):
            throw EventFault(
                "Content-Type",
                "must be application/cloudevents+json or application/cloudevents-batch+json; no other event format is read"
            )
        default:
            guard request.headers["ce-specversion"] != nil else {
                throw EventFault(
                    nil,
                    "is an HTTP request without a CloudEvent: it has neither the field ce-specversion nor the media type application/cloudevents+json"
                )
            }
            return .binary
        }
    }

    /// The event of binary mode (section 3.1).
    func binaryEvent(receivedAt: Timestamp?) throws(EventFault) -> Event {
        var json = "{"
        var seen: Set<String> = []
        for field in request.headers.fields {
            let name = field.name.lowercased()
            guard name.hasPrefix("ce-") else { continue }
            let attribute = String(name.dropFirst(3))
            // Attributes are named by letters and digits alone (CloudEvents 1.0.2, Naming Conventions).
            guard !attribute.isEmpty, attribute.utf8.allSatisfy(Self.isAttributeByte), attribute != "data"
            else {
                throw EventFault(String(name.prefix(64)), "is no attribute of a CloudEvent")
            }
            guard attribute != "datacontenttype" else {
                throw EventFault(name, "must not stand there: Content-Type says it")
            }
            guard seen.insert(attribute).inserted else { throw EventFault(name, "stands there twice") }
            let value = CloudEventFieldValue.decoded(field.value)
            json += "\(JSONScanner.quoted(attribute)):\(JSONScanner.quoted(value)),"
        }
        json +=
            "\"datacontenttype\":\(JSONScanner.quoted(request.headers["content-type"] ?? "application/json"))}"
        do throws(CloudEventError) {
            var event = try Event(cloudEvent: Array(json.utf8), receivedAt: receivedAt)
            event.data = request.body
            return event
        } catch {
            throw EventFault(error.member.map { "ce-" + $0 }, error.reason)
        }
    }

    /// The event with what the request says beside it: a bearer token where the event has no claims, the trace where it
    /// has none, and the request as its route where it has no trigger of its own.
    func completing(_ event: Event, _ form: ForeignEvent.Form, _ place: EventPlace) -> ForeignEvent {
        var event = event
        if case .none = event.credential {
            event.credential = Event.Credential(bearerIn: request.headers["authorization"])
        }
        event.idempotencyKey = event.idempotencyKey ?? request.headers["idempotency-key"]
        event.trace = event.trace ?? request.headers["traceparent"].flatMap { TraceContext(traceparent: $0) }
        let route =
            event.trigger == .direct ? .http(method: request.method, path: request.path) : event.trigger
        return ForeignEvent(event: event, form: form, route: route, line: place.line, index: place.index)
    }

    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
