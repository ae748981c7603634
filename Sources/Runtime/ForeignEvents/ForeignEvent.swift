public import Functions
public import Manifest

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
        case .socket(let event, _, _):
            manifest.socketName(ofRouteKey: event).flatMap { manifest.function(onEvent: $0) }
        case .queue(let name, _):
            manifest.functions.first { entry in
                entry.triggers.contains { if case .queue(name, _) = $0 { true } else { false } }
            }
        case .other(let kind, let name):
            manifest.functions.first { entry in
                entry.triggers.contains { if case .other(kind, name, _) = $0 { true } else { false } }
            }
        case .direct: nil
        }
    }

    /// The event as that function gets it: what came over a socket has the full name that the manifest gives it.
    public func event(in manifest: Manifest) -> Event {
        var event = event
        if case .socket(let key, let connection, let host) = event.trigger,
            let name = manifest.socketName(ofRouteKey: key)
        {
            event.trigger = .socket(event: name, connection: connection, host: host)
        }
        return event
    }
}

extension Manifest {
    /// The full name of the event that a route key of a WebSocket API stands for; nil where no function has it.
    ///
    /// Such an API knows no paths: `look` is the event of that name, or else the route `look` of the one path of plain
    /// WebSockets that has one. `/ws#look` names both, and `/ws` that path's `$default`.
    fileprivate func socketName(ofRouteKey key: String) -> String? {
        let own =
            key.hasPrefix("/") && !key.contains("#") ? "\(EventName(at: key, Trigger.defaultEvent))" : key
        if function(onEvent: own) != nil { return own }
        let names = functions.flatMap(\.triggers).filter {
            if case .websocket(_, key) = $0 { true } else { false }
        }
        return names.count == 1 ? names.first?.eventName : nil
    }

    fileprivate func function(on trigger: Trigger) -> FunctionEntry? {
        functions.first { $0.triggers.contains(trigger) }
    }
}
