public import Base
public import Functions

/// Events as other software writes them down: in files, in logs, and on the wire.
///
/// What a file holds is recognised by its content:
///
/// - a CloudEvent 1.0 in JSON (structured mode), or an array of them (JSON batch format);
/// - an HTTP request that carries CloudEvents: binary mode (`ce-*` fields), structured mode
///   (`application/cloudevents+json`) or batched mode (`application/cloudevents-batch+json`), as text, its lines
///   ended by CRLF or LF (CloudEvents HTTP protocol binding 1.0.2);
/// - an API Gateway HTTP event of payload format 2.0, which Lambda function URLs use too;
/// - an API Gateway WebSocket event: `$connect`, `$disconnect` or a message;
/// - several of the JSON forms, an object or an array a line (ND-JSON), blank lines between them left out.
///
/// Whom the text names as its caller is believed, as with `Event.init(cloudEvent:receivedAt:)`: the text must come from
/// where a token could be made as well. What API Gateway asks its Lambda authorizers is no event.
public enum EventFile {
    /// The events of a file, in its order; none where it is an empty batch.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - receivedAt: The time of an event that does not say; without it each event needs its own.
    ///   - now: No event is later: what it queues would wait until then.
    ///   - limits: How much is read.
    public static func events(
        in bytes: [UInt8], receivedAt: Timestamp? = nil, now: Timestamp? = nil,
        limits: EventFileLimits = .standard
    ) throws(EventFileError) -> [ForeignEvent] {
        var reader = EventFileReader(receivedAt: receivedAt, limits: limits)
        try reader.read(bytes)
        guard let now else { return reader.events }
        return reader.events.map { event in
            var event = event
            event.event.time = min(event.event.time, now)
            return event
        }
    }
}

/// How much of a file of events is read.
public struct EventFileLimits: Sendable, Equatable {
    /// The file, in bytes.
    public var fileBytes: Int
    /// The events of a file.
    public var events: Int
    /// One event with all that is around its data, in bytes; the head of an HTTP request has `HTTPLimits` of its own.
    public var eventBytes: Int

    /// Limits that differ from the standard ones where named.
    public init(
        fileBytes: Int = 64 << 20, events: Int = 100_000, eventBytes: Int = Event.maximumCloudEventLength
    ) {
        self.fileBytes = fileBytes
        self.events = events
        self.eventBytes = eventBytes
    }

    /// What is read where nobody says otherwise.
    public static let standard = EventFileLimits()
}
