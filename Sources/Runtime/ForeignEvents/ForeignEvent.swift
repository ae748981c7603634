/// An event that was read from a file, and where it comes from.
public struct ForeignEvent: Sendable {
    /// The event.
    public var event: Event
    /// How it was written.
    public let form: Form
    /// What it was sent to: its own trigger, or for a CloudEvent of a foreign `type` that came with an HTTP request,
    /// that request. `direct` where nothing says.
    public let route: Event.Source
    /// Its line in a file with an event a line, from 1.
    public let line: Int?
    /// Its place in a batch, from 1.
    public let index: Int?

    /// The forms of a single event.
    public enum Form: String, Sendable, CaseIterable {
        /// A CloudEvent as a JSON object, by itself, in a batch, or as the body of an HTTP request.
        case cloudEvent = "CloudEvent"
        /// A CloudEvent whose attributes are the fields of an HTTP request.
        case binaryCloudEvent = "binary CloudEvent"
        /// An API Gateway HTTP event of payload format 2.0.
        case httpEvent = "API Gateway HTTP event"
        /// An API Gateway WebSocket event.
        case socketEvent = "API Gateway WebSocket event"
    }

    /// The function that the manifest binds to the event's route; nil for none, and for a direct event.
    public func function(in manifest: Manifest) -> FunctionEntry? {
        switch route {
        case .http(let method, let path):
            // HEAD is answered by what answers GET (RFC 9110 section 9.3.2).
            manifest.function(on: .http(method: method, path: path))
                ?? (method == "HEAD" ? manifest.function(on: .http(method: "GET", path: path)) : nil)
        case .socket(let event, _, _): manifest.function(onEvent: event)
        case .queue(let name, _):
            manifest.functions.first { entry in
                entry.triggers.contains { if case .queue(name, _) = $0 { true } else { false } }
            }
        case .direct: nil
        }
    }
}

extension Manifest {
    fileprivate func function(on trigger: Trigger) -> FunctionEntry? {
        functions.first { $0.triggers.contains(trigger) }
    }
}
