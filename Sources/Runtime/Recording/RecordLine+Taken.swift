internal import Identity
internal import Base
internal import Engine
internal import Functions
internal import Ledger

extension RecordLine {
    /// What was taken from outside.
    mutating func write(_ taken: Taken) {
        bytes.append(contentsOf: #"{"seed":"#.utf8)
        quote(String(taken.seed, radix: 16))
        if let seed = taken.idSeed { put(#","id_seed":"#, text: seed.hexadecimal) }
        if let refusal = taken.refusal { put(#","refusal":"#, text: refusal) }
        if let mark = taken.addressMark { put(#","address_mark":"#, text: mark) }
        if taken.isBusy { bytes.append(contentsOf: #","busy":true"#.utf8) }
        if taken.isContended { bytes.append(contentsOf: #","contended":true"#.utf8) }
        if taken.isOverrun { bytes.append(contentsOf: #","overrun":true"#.utf8) }
        if taken.isCrowded { bytes.append(contentsOf: #","crowded":true"#.utf8) }
        if taken.isCancelled { bytes.append(contentsOf: #","cancelled":true"#.utf8) }
        if let fault = taken.fault { write(fault) }
        if !taken.readFaults.isEmpty {
            bytes.append(contentsOf: #","read_faults":["#.utf8)
            list(taken.readFaults) { line, fault in
                line.put(#"{"read":"#, Int64(fault.read))
                line.write(fault.fault)
                line.bytes.append(0x7d)
            }
            bytes.append(0x5d)
        }
        if let leftOut = taken.leftOut {
            put(#","left_out":{"bytes":"#, Int64(leftOut.bytes))
            put(#","sha256":"#, text: leftOut.digest)
            bytes.append(0x7d)
        }
        if !taken.texts.isEmpty {
            bytes.append(contentsOf: #","texts":{"#.utf8)
            list(taken.texts.sorted { $0.key < $1.key }) { line, entry in
                line.quote(entry.key)
                line.bytes.append(contentsOf: ":[".utf8)
                line.list(entry.value.pieces) { line, piece in
                    line.put("[", piece.delay.seconds)
                    line.bytes.append(0x2c)
                    line.quote(line.redaction.withoutTokens(piece.text))
                    line.bytes.append(0x5d)
                }
                if let failure = entry.value.failure {
                    if !entry.value.pieces.isEmpty { line.bytes.append(0x2c) }
                    line.bytes.append(contentsOf: #"{"failure":"#.utf8)
                    line.quote(line.redaction.withoutTokens(failure))
                    line.bytes.append(0x7d)
                }
                line.bytes.append(0x5d)
            }
            bytes.append(0x7d)
        }
        let cut = taken.texts.filter(\.value.isCut).keys.sorted()
        if !cut.isEmpty {
            bytes.append(contentsOf: #","cut_texts":["#.utf8)
            list(cut) { line, name in line.quote(name) }
            bytes.append(0x5d)
        }
        if let claim = taken.claim {
            put(#","claim":{"queue":"#, text: claim.queue)
            put(#","group":"#, text: claim.group)
            put(#","lease":"#, claim.lease)
            put(#","jobs":"#, Int64(claim.count))
            bytes.append(0x7d)
        }
        bytes.append(0x7d)
    }

    private mutating func write(_ fault: StoreFault) {
        put(#","fault":"#, text: fault.kind.rawValue)
        if fault.code != 0 { put(#","fault_code":"#, Int64(fault.code)) }
        if let statement = fault.statement { put(#","fault_statement":"#, text: statement) }
    }
}

extension RecordLine {
    /// Jobs that were given back; where nothing `wasRun` for them, the line tells of their claim, too.
    mutating func write(_ claim: JobClaim, _ fate: JobReturn, number: Int64, wasRun: Bool) {
        var giveBack = RecordedReturn(number: number, queue: claim.queue, group: claim.group, fate: fate)
        if !wasRun {
            giveBack.claim = ClaimedJobs(
                queue: claim.queue, group: claim.group, lease: claim.lease, count: claim.jobs.count)
        }
        write(giveBack, number: number, lease: giveBack.claim?.lease)
    }

    /// Jobs that were given back, under other numbers.
    mutating func write(_ claim: RecordedReturn, number: Int64, lease: Int64?) {
        let (word, time, reason): (String, Timestamp, String?) =
            switch claim.fate {
            case .wait(let until): ("wait", until, nil)
            case .retry(let at): ("retry", at, nil)
            case .bury(let reason, let at): ("bury", at, reason)
            }
        var members = #"{"kind":"return","number":\#(number),"queue":\#(JSONScanner.quoted(claim.queue))"#
        members += #","group":\#(JSONScanner.quoted(claim.group)),"fate":"\#(word)","at":"\#(time.rfc3339)""#
        if let reason { members += #","reason":\#(JSONScanner.quoted(reason))"# }
        if let lease, let jobs = claim.claim?.count { members += #","lease":\#(lease),"jobs":\#(jobs)"# }
        add(members + "}\n")
    }

    /// That invocations are missing here.
    mutating func writeGap(_ count: Int64, _ reason: String) {
        add(#"{"kind":"gap","count":\#(count),"reason":\#(JSONScanner.quoted(reason))}"# + "\n")
    }

    /// That the recording ends here.
    mutating func writeEnd(_ reason: String, number: Int64? = nil) {
        let last = number.map { #","number":\#($0)"# } ?? ""
        add(#"{"kind":"end"\#(last),"reason":\#(JSONScanner.quoted(reason))}"# + "\n")
    }
}
