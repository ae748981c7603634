internal import Base
internal import Engine
internal import Functions
internal import Identity
internal import Ledger

extension Taken {
    init(recorded line: RecordingMembers) throws(RecordingProblem) {
        guard let seed = UInt64(try line.text("seed"), radix: 16) else {
            throw RecordingProblem("'seed' must be a hexadecimal number")
        }
        self.init(seed: seed)
        if let text = try line.optionalText("id_seed") {
            guard let seed = SecretNumber(hexadecimal: text) else {
                throw RecordingProblem("'id_seed' must be 32 hexadecimal digits")
            }
            idSeed = seed
        }
        refusal = try line.optionalText("refusal")
        addressMark = try line.optionalText("address_mark")
        isBusy = line.has("busy")
        isContended = line.has("contended")
        isOverrun = line.has("overrun")
        isCrowded = line.has("crowded")
        isCancelled = line.has("cancelled")
        fault = try StoreFault(recorded: line)
        for text in try line.elements("read_faults") {
            let members = try RecordingMembers(text, "read_faults")
            guard let read = try members.number("read"), let fault = try StoreFault(recorded: members) else {
                throw RecordingProblem("'read_faults' must hold reads and their faults")
            }
            readFaults.append(ReadFault(read: Int(read), fault: fault))
        }
        if let text = line["left_out"] {
            let members = try RecordingMembers(text, "left_out")
            guard let bytes = try members.number("bytes") else {
                throw RecordingProblem("'left_out' has no bytes")
            }
            leftOut = LeftOutData(bytes: Int(bytes), digest: try members.text("sha256"))
        }
        if let texts = line["texts"] {
            guard let members = JSONScanner.members(of: texts) else {
                throw RecordingProblem("'texts' must be an object")
            }
            for (name, value) in members { self.texts[name] = try Self.pieces(value) }
        }
        for name in try line.elements("cut_texts").compactMap({ JSONScanner.string(of: $0) }) {
            self.texts[name, default: OutsideText.Record()].isCut = true
        }
        if let text = line["claim"] {
            let members = try RecordingMembers(text, "claim")
            claim = try ClaimedJobs(
                queue: members.text("queue"), group: members.text("group"), lease: members.number("lease"),
                count: members.number("jobs"))
        }
    }

    private static func pieces(_ json: String) throws(RecordingProblem) -> OutsideText.Record {
        var text = OutsideText.Record()
        for element in JSONScanner.elements(of: json) ?? [] {
            if element.hasPrefix("{") {
                text.failure = try RecordingMembers(element, "texts").text("failure")
                continue
            }
            guard let pair = JSONScanner.elements(of: element), pair.count == 2, let delay = Double(pair[0]),
                delay.isFinite, abs(delay) < 1e9, let piece = JSONScanner.string(of: pair[1])
            else { throw RecordingProblem("'texts' must hold pairs of a delay and a text") }
            text.pieces.append(OutsideText.Piece(text: piece, delay: .seconds(delay)))
        }
        return text
    }
}

extension StoreFault {
    /// The fault that a recording's object tells of, if any.
    fileprivate init?(recorded line: RecordingMembers) throws(RecordingProblem) {
        guard let word = try line.optionalText("fault") else { return nil }
        self.init(
            Kind(rawValue: word) ?? .other, code: Int32(clamping: try line.number("fault_code") ?? 0),
            statement: try line.optionalText("fault_statement"))
    }
}

extension ClaimedJobs {
    /// A claim as a line names it.
    init(queue: String, group: String, lease: Int64?, count: Int64?) throws(RecordingProblem) {
        guard let lease, let count, (1...100_000).contains(count) else {
            throw RecordingProblem("'claim' has no lease, or no jobs")
        }
        self.init(queue: queue, group: group, lease: lease, count: Int(count))
    }
}
