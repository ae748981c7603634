import Base
@testable import Engine
@testable import ForeignEvents
@testable import Functions
@testable import Recording
import Runtime

/// Lines of recordings: what can be read is written, and read, the same again.
func fuzzRecording(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    guard let text = String(validating: bytes, as: UTF8.self),
        let members = try? RecordingMembers(text, "the line")
    else { return }
    guard let recorded = try? RecordedInvocation(members, position: 1) else { return }
    require(
        recorded.numbers >= 1 && recorded.numbers <= recorded.commit ?? .max, "numbers are within the order")
    _ = recorded.journalReads()
    _ = recorded.body
    let written = line(of: recorded.taken)
    guard let again = try? Taken(recorded: RecordingMembers(written, "taken")) else {
        return require(false, "what was taken can be read again")
    }
    require(line(of: again) == written, "what was taken is the same again")
    checkEvent(recorded.event)
    for other in ["{}", recorded.answer, recorded.unit] {
        for difference in Difference.between(recorded.unit, other, at: "unit") {
            require(!difference.path.isEmpty, "a difference has a place")
        }
    }
    require(
        Difference.between(recorded.log, recorded.log, at: "log").isEmpty, "a text differs not from itself")
}

private func line(of taken: Taken) -> String {
    var line = RecordLine(redaction: Redaction(fields: []), hide: { $0 })
    line.write(taken)
    return String(decoding: line.bytes, as: UTF8.self)
}

/// Events of other systems.
func fuzzEvents(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let limits = EventFileLimits(fileBytes: 128 << 10, events: 1_000)
    let now = Timestamp(milliseconds: 1_700_000_000_000)
    guard let events = try? EventFile.events(in: bytes, receivedAt: now, limits: limits) else { return }
    require(events.count <= limits.events, "there are no more events than the limit")
    for event in events.prefix(16) { checkEvent(event.event) }
}

/// An event is the same again as a CloudEvent.
private func checkEvent(_ event: Event) {
    var written: [UInt8] = []
    guard (try? event.appendCloudEvent(to: &written)) != nil else { return }
    guard let again = try? Event(cloudEvent: written) else {
        // With its frame the event may be longer than is read.
        return require(written.count > Event.maximumCloudEventLength, "an event can be read again")
    }
    var rewritten: [UInt8] = []
    try? again.appendCloudEvent(to: &rewritten)
    require(rewritten == written, "an event is the same again")
}
