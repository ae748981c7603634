internal import Base
internal import Functions

/// Takes a file apart into events.
struct EventFileReader {
    private(set) var events: [ForeignEvent] = []
    private let receivedAt: Timestamp?
    private let limits: EventFileLimits

    init(receivedAt: Timestamp?, limits: EventFileLimits) {
        self.receivedAt = receivedAt
        self.limits = limits
    }

    mutating func read(_ bytes: [UInt8]) throws(EventFileError) {
        guard bytes.count <= limits.fileBytes else {
            throw EventFileError(nil, "is longer than \(limits.fileBytes) bytes")
        }
        // A byte order mark is no part of the text (RFC 8259 section 8.1).
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        switch text.trimmed.first {
        case nil: throw EventFileError(nil, "has no event")
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard isOneALine(text) else { return try readJSON(text, EventPlace()) }
            var lines = TextLines(text)
            while let line = lines.nextFilled() { try readJSON(line, EventPlace(line: lines.number)) }
        default: try readRequest(text)
        }
    }

    /// Whether each line is a text of its own: the first is complete and not the only one, or it is damaged, but the
    /// second is complete, which the second line of one object never is.
    private func isOneALine(_ text: ArraySlice<UInt8>) -> Bool {
        var lines = TextLines(text)
        guard let first = lines.nextFilled(), let second = lines.nextFilled() else { return false }
        return isComplete(first) || first.trimmed.first == UInt8(ascii: "{") && isComplete(second)
    }

    private func isComplete(_ line: ArraySlice<UInt8>) -> Bool {
        let line = line.trimmed
        let isArray = line.first == UInt8(ascii: "[")
        guard isArray ? line.elementCount(atMost: limits.events) != nil : line.count <= limits.eventBytes,
            let text = String(validating: line, as: UTF8.self)
        else { return false }
        return isArray ? JSONScanner.elements(of: text) != nil : JSONScanner.members(of: text) != nil
    }

    // MARK: JSON

    /// Reads an event, or an array of events.
    private mutating func readJSON(_ bytes: ArraySlice<UInt8>, _ place: EventPlace) throws(EventFileError) {
        let bytes = bytes.trimmed
        guard bytes.first == UInt8(ascii: "[") else { return try add(event(bytes, place), place) }
        for (offset, element) in try elements(of: bytes, place).enumerated() {
            let place = EventPlace(line: place.line, index: offset + 1)
            try add(event(Array(element.utf8)[...], place), place)
        }
    }

    private func elements(
        of bytes: ArraySlice<UInt8>, _ place: EventPlace
    ) throws(EventFileError) -> [String] {
        // Counted first: an array of millions of nothing must not become millions of strings.
        guard bytes.elementCount(atMost: limits.events) != nil else { throw tooMany(place) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EventFileError(EventFault(nil, "is not UTF-8"), form: nil, place)
        }
        guard let elements = JSONScanner.elements(of: text) else {
            throw EventFileError(
                EventFault(nil, "is not a well-formed JSON array, or nested too deeply"), form: nil, place)
        }
        return elements
    }

    private func event(
        _ bytes: ArraySlice<UInt8>, _ place: EventPlace
    ) throws(EventFileError) -> ForeignEvent {
        var form: ForeignEvent.Form?
        do throws(EventFault) {
            guard bytes.count <= limits.eventBytes else { throw EventFault(nil, tooLong) }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw EventFault(nil, "is not UTF-8")
            }
            let object = try ForeignObject(text)
            let recognised = try EventMarks.form(of: object)
            form = recognised
            let event =
                switch recognised {
                case .cloudEvent, .binaryCloudEvent: try cloudEvent(Array(bytes))
                case .httpEvent: try APIGatewayHTTPEvent.event(of: object, receivedAt: receivedAt)
                case .socketEvent: try APIGatewaySocketEvent.event(of: object, receivedAt: receivedAt)
                }
            return ForeignEvent(
                event: event, form: recognised, route: event.trigger, line: place.line, index: place.index)
        } catch { throw EventFileError(error, form: form, place) }
    }

    private func cloudEvent(_ json: [UInt8]) throws(EventFault) -> Event {
        do throws(CloudEventError) {
            return try Event(cloudEvent: json, receivedAt: receivedAt)
        } catch { throw EventFault(error) }
    }

    // MARK: HTTP

    /// Reads a request that carries one event or a batch.
    private mutating func readRequest(_ text: ArraySlice<UInt8>) throws(EventFileError) {
        let place = EventPlace()
        let request: CloudEventRequest
        do throws(EventFault) {
            request = try CloudEventRequest(text, bodyLimit: limits.fileBytes)
        } catch { throw EventFileError(error, form: nil, place) }
        switch request.mode {
        case .binary:
            let event: Event
            do throws(EventFault) {
                guard request.body.count <= limits.eventBytes else { throw EventFault(nil, tooLong) }
                event = try request.binaryEvent(receivedAt: receivedAt)
            } catch { throw EventFileError(error, form: .binaryCloudEvent, place) }
            try add(request.completing(event, .binaryCloudEvent, place), place)
        case .structured: try add(carried(request.body[...], by: request, place), place)
        case .batched:
            for (offset, element) in try elements(of: request.body[...], place).enumerated() {
                let place = EventPlace(index: offset + 1)
                try add(carried(Array(element.utf8)[...], by: request, place), place)
            }
        }
    }

    private func carried(
        _ json: ArraySlice<UInt8>, by request: CloudEventRequest, _ place: EventPlace
    ) throws(EventFileError) -> ForeignEvent {
        do throws(EventFault) {
            guard json.count <= limits.eventBytes else { throw EventFault(nil, tooLong) }
            return request.completing(try cloudEvent(Array(json)), .cloudEvent, place)
        } catch { throw EventFileError(error, form: .cloudEvent, place) }
    }

    // MARK: Limits

    private mutating func add(_ event: ForeignEvent, _ place: EventPlace) throws(EventFileError) {
        guard events.count < limits.events else { throw tooMany(place) }
        events.append(event)
    }

    private var tooLong: String { "is longer than \(limits.eventBytes) bytes" }

    private func tooMany(_ place: EventPlace) -> EventFileError {
        EventFileError(
            EventFault(nil, "has more than \(limits.events) events"), form: nil, EventPlace(line: place.line))
    }
}
