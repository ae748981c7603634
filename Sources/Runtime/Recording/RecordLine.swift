internal import Observability
internal import Base
internal import Engine
internal import Functions
internal import Identity
internal import Ledger

/// Writes an invocation as one line of a recording (docs/recording-format.md). The same code writes what a replay gave,
/// so that to compare is to compare texts.
struct RecordLine {
    let redaction: Redaction
    /// What stands for the address of a peer.
    let hide: @Sendable (String) -> String

    /// What has been written since `clear`, and how many whole lines it is.
    var bytes: [UInt8] = []
    private(set) var lines: Int64 = 0

    /// Nearly no line has anything to leave out: it is written as it is first, and looked through once.
    private var isPlain = false
    /// Claims as they stand in a line, by subject.
    private var claims = BoundedCache<String, (of: Claims, literal: [UInt8])>(capacity: 4_096)

    init(redaction: Redaction, hide: @escaping @Sendable (String) -> String) {
        self.redaction = redaction
        self.hide = hide
        bytes.reserveCapacity(4_096)
    }

    /// Adds the whole line, with its line feed. Throws where the event cannot be a CloudEvent, or the line would be longer
    /// than is read again; nothing is added then.
    mutating func write(_ record: InvocationRecord) throws {
        let record = record.leavesDataOut ? withoutData(record) : record
        let start = bytes.count
        defer { isPlain = false }
        do {
            // Data that is no JSON stands in the line as Base64, in which nothing can be found.
            isPlain = !redaction.isSuspect(record.event.data.span)
            try writeMembers(record)
            if isPlain, redaction.isSuspect(bytes.span.extracting(start...)) {
                bytes.removeSubrange(start...)
                isPlain = false
                try writeMembers(record)
            }
            guard bytes.count - start <= RecordingFormat.longestLine else {
                throw CloudEventError(nil, "makes a line of more than \(RecordingFormat.longestLine) bytes")
            }
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
        // A function may have written down where its caller is.
        if let address = record.event.address {
            replace(address, from: start)
            let block = AddressBlock.of(address)
            if block != address { replace(block, from: start) }
        }
        lines += 1
    }

    /// Puts what stands for an address in its place, wherever the address is.
    private mutating func replace(_ address: String, from start: Int) {
        let needle = Array(address.utf8)
        guard bytes.holds(needle, from: start) else { return }
        let text = String(decoding: bytes[start...], as: UTF8.self).replacing(address, with: hide(address))
        bytes.removeSubrange(start...)
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func writeMembers(_ record: InvocationRecord) throws {
        bytes.append(contentsOf: #"{"kind":"invocation","function":"#.utf8)
        quote(record.function)
        if let number = record.admission { put(#","admission":"#, number) }
        if let number = record.commit {
            put(#","commit":"#, number)
            put(#","numbers":"#, record.outcome.unit.numbers)
        }
        bytes.append(contentsOf: #","event":"#.utf8)
        try writeEvent(record)
        bytes.append(contentsOf: #","taken":"#.utf8)
        write(record.taken)
        bytes.append(contentsOf: #","answer":"#.utf8)
        writeAnswer(record.outcome)
        bytes.append(contentsOf: #","unit":"#.utf8)
        write(record.outcome.unit)
        bytes.append(contentsOf: #","log":"#.utf8)
        writeLog(record)
        put(#","duration":"#, record.duration.seconds)
        bytes.append(contentsOf: "}\n".utf8)
    }

    /// Starts anew, keeping the room.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
        lines = 0
    }

    /// Gives what has been written in exchange for the room of `portion`; how many lines.
    mutating func take(_ portion: inout [UInt8]) -> Int64 {
        portion.removeAll(keepingCapacity: portion.capacity <= 4 << 20)
        swap(&portion, &bytes)
        defer { lines = 0 }
        return lines
    }

    /// A part of a line alone; `recorded` itself where it is the same.
    mutating func part(_ recorded: String, _ write: (inout RecordLine) -> Void) -> String {
        clear()
        write(&self)
        defer { clear() }
        return recorded.utf8.elementsEqual(bytes) ? recorded : String(decoding: bytes, as: UTF8.self)
    }

    /// Adds a line as it is.
    mutating func add(_ line: String) {
        bytes.append(contentsOf: line.utf8)
        lines += 1
    }

    // MARK: Parts

    private mutating func writeEvent(_ record: InvocationRecord) throws {
        var event = record.event
        event.credential = record.outcome.claims.map { .verified($0) } ?? Self.verified(event.credential)
        event.address = event.address.map(hide)
        if !isPlain {
            event.data = redacted(event)
            // What a client says of itself may be anything, too.
            event.id = redaction.withoutTokens(event.id)
            event.idempotencyKey = event.idempotencyKey.map(redaction.withoutTokens)
            if case .http(let method, let path) = event.trigger {
                event.trigger = .http(method: method, path: redaction.withoutTokens(path))
            }
        }
        guard case .verified(let claims) = event.credential else {
            return try event.appendCloudEvent(to: &bytes, limit: RecordingFormat.longestLine)
        }
        try event.appendCloudEvent(
            to: &bytes, claims: literal(of: claims), limit: RecordingFormat.longestLine)
    }

    private func redacted(_ event: Event) -> [UInt8] {
        event.form == .text
            ? Array(redaction.withoutTokens(String(decoding: event.data, as: UTF8.self)).utf8)
            : redaction(event.data)
    }

    /// With the size and the digest of the data in its place. The digest is of what a recording may know.
    private func withoutData(_ record: InvocationRecord) -> InvocationRecord {
        var record = record
        let digest = Cryptography.sha256(redacted(record.event)) ?? []
        record.taken.leftOut = LeftOutData(
            bytes: record.event.arrivedCount,
            digest: digest.hexadecimal)
        record.event.data = []
        return record
    }

    private mutating func literal(of claims: Claims) -> [UInt8] {
        if let known = self.claims[claims.subject], known.of == claims { return known.literal }
        let literal = Event.cloudEventLiteral(of: claims)
        self.claims.keep((claims, literal), for: claims.subject)
        return literal
    }

    /// What a job or a local developer brought; a token that was not needed is left out.
    private static func verified(_ credential: Event.Credential) -> Event.Credential {
        if case .verified = credential { credential } else { .none }
    }

    mutating func writeAnswer(_ outcome: Outcome) {
        put(#"{"status":"#, Int64(outcome.status))
        if !outcome.json.isEmpty {
            bytes.append(contentsOf: #","body":"#.utf8)
            json(outcome.json)
        }
        put(outcome.form)
        bytes.append(0x7d)
    }

    mutating func write(_ unit: UnitOfWork) {
        bytes.append(contentsOf: #"{"reads":["#.utf8)
        list(unit.reads) { line, read in line.write(read) }
        bytes.append(contentsOf: #"],"writes":["#.utf8)
        list(unit.writes) { line, write in line.write(write) }
        bytes.append(contentsOf: "]}".utf8)
    }

    private mutating func write(_ read: UnitOfWork.Read) {
        switch read {
        case .record(let kind, let id, let version):
            put(#"{"record":"#, text: kind)
            put(#","id":"#, text: id)
            put(#","version":"#, version)
        case .journal(let stream, let upTo):
            put(#"{"journal":"#, text: stream)
            put(#","up_to":"#, upTo)
        case .entry(let id, let isThere):
            put(#"{"entry":"#, text: id)
            bytes.append(contentsOf: (isThere ? #","there":true"# : #","there":false"#).utf8)
        }
        bytes.append(0x7d)
    }

    private mutating func write(_ write: UnitOfWork.Write) {
        switch write {
        case .save(let kind, let id, let body):
            put(#"{"save":"#, text: kind)
            put(#","id":"#, text: id)
            put(#","body":"#, json: body)
        case .append(let stream, let kind, let id, let body):
            put(#"{"append":"#, text: stream)
            put(#","kind":"#, text: kind)
            put(#","id":"#, text: id)
            put(#","body":"#, json: body)
        case .enqueue(let queue, let group, let id, let payload, let traceparent):
            put(#"{"enqueue":"#, text: queue)
            put(#","group":"#, text: group)
            put(#","id":"#, text: id)
            put(#","payload":"#, json: payload)
            if let traceparent { put(#","traceparent":"#, text: traceparent) }
        case .emit(let emit):
            put(#"{"emit":"#, text: emit.event)
            bytes.append(contentsOf: #","rooms":["#.utf8)
            list(emit.rooms) { line, room in line.quote(room) }
            bytes.append(contentsOf: #"],"except":["#.utf8)
            list(emit.except) { line, room in line.quote(room) }
            put(#"],"data":"#, json: emit.json)
            put(emit.form)
            if emit.isVolatile { bytes.append(contentsOf: #","volatile":true"#.utf8) }
            if let patience = emit.answerWithin { put(#","answer_within":"#, patience.milliseconds) }
        case .join(let room, let whom):
            put(#"{"join":"#, text: room)
            self.write(whom)
        case .leave(let room, let whom):
            put(#"{"leave":"#, text: room)
            self.write(whom)
        case .connect(let connection, let host, let subject, let session, let namespace):
            put(#"{"connect":"#, text: connection)
            put(#","host":"#, text: host)
            put(#","subject":"#, text: subject)
            if let session { put(#","session":"#, text: session) }
            if namespace != RoomName.mainNamespace { put(#","namespace":"#, text: namespace) }
        // The host is the event's.
        case .suspend(let connection, _): put(#"{"suspend":"#, text: connection)
        case .disconnect(let connection, _): put(#"{"disconnect":"#, text: connection)
        case .close(let whom, let reason):
            put(#"{"close":"#, text: reason)
            self.write(whom)
        case .openSession(let id, let subject, let expiresAt):
            put(#"{"open_session":"#, text: id)
            put(#","subject":"#, text: subject)
            put(#","expires_at":"#, text: expiresAt.rfc3339)
        case .revokeSession(let id): put(#"{"revoke_session":"#, text: id)
        }
        bytes.append(0x7d)
    }

    private mutating func write(_ whom: UnitOfWork.Connections) {
        switch whom {
        case .connection(let id): put(#","connection":"#, text: id)
        case .subject(let id): put(#","subject":"#, text: id)
        }
    }

    mutating func writeLog(_ record: InvocationRecord) {
        bytes.append(0x7b)
        if let message = record.message { put(#""message":"#, text: redaction.withoutTokens(message)) }
        for (index, (name, value)) in record.fields.sorted(by: { $0.0 < $1.0 }).enumerated() {
            if index > 0 || record.message != nil { bytes.append(0x2c) }
            quote(name)
            bytes.append(0x3a)
            switch value {
            case .string(let text):
                quote(redaction.leavesOut(name) ? RecordingFormat.redacted : redaction.withoutTokens(text))
            case .integer(let number): put("", number)
            case .number(let number): put("", number)
            case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
            }
        }
        bytes.append(0x7d)
    }

    // MARK: JSON

    mutating func quote(_ text: String) { JSONScanner.appendQuoted(text, to: &bytes) }

    mutating func put(_ start: String, text: String) {
        bytes.append(contentsOf: start.utf8)
        quote(text)
    }

    private mutating func put(_ form: DataForm) {
        if form != .value { put(#","form":"#, text: form.rawValue) }
    }

    private mutating func put(_ start: String, json text: String) {
        bytes.append(contentsOf: start.utf8)
        json(text)
    }

    mutating func put(_ start: String, _ number: Int64) {
        bytes.append(contentsOf: start.utf8)
        bytes.append(contentsOf: String(number).utf8)
    }

    mutating func put(_ start: String, _ number: Double) {
        bytes.append(contentsOf: start.utf8)
        bytes.append(contentsOf: (number.isFinite ? "\(number)" : "null").utf8)
    }

    /// A text that is JSON already.
    private mutating func json(_ text: String) {
        bytes.append(contentsOf: (isPlain ? text : redaction(text)).utf8)
    }

    mutating func list<T>(_ elements: [T], _ write: (inout RecordLine, T) -> Void) {
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(0x2c) }
            write(&self, element)
        }
    }
}
