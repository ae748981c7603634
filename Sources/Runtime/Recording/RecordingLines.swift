internal import Base
internal import Engine
internal import FoundationEssentials
internal import Functions
internal import Ledger

/// What a recording's files tell, those of several processes in one order.
///
/// Each file is one process's, and has its order; between files the store's numbers decide. What has none stays behind
/// the line above it.
struct RecordingLines {
    private(set) var invocations: [RecordedInvocation] = []
    private(set) var returns: [RecordedReturn] = []
    private(set) var writes: [RecordedWrite] = []
    private(set) var remarks: [String] = []
    /// Behind this number of the store's order is nothing of the recording, whoever tells of it; nil where that is not said.
    private(set) var last = Int64.max
    /// The numbers of what ended behind it, and may have begun in front of it.
    private(set) var unfinished: [ClosedRange<Int64>] = []

    /// Reads the files of `folder`. What is in the snapshot, up to number `start` of the store's order, is no part of the
    /// recording. Without `hasParts` they are of a version in which one process wrote all of them but `others`.
    init(of folder: String, after start: Int64, hasParts: Bool) throws(RecordingError) {
        var files: [RecordedFile] = []
        while let file = try RecordedFile(RecordingFormat.events(files.count + 1), in: folder) {
            files.append(file)
        }
        guard !files.isEmpty else { throw RecordingError(folder, "\(RecordingFormat.events(1)) is missing") }
        let cut = hasParts ? files.map { $0.end == nil } : [files.allSatisfy { $0.end == nil }]
        if !hasParts, let others = try RecordedFile(RecordingFormat.others, in: folder) {
            files.append(others)
        }
        try Self.refuseTwins(in: files, of: folder)
        last = files.compactMap(\.last).min() ?? .max
        merge(files, after: start)
        for file in files {
            for line in file.returns where line.number > start {
                if line.number > last { unfinished += line.spans } else { returns.append(line) }
            }
            for line in file.writes where line.commit ?? line.admission > start {
                if line.commit ?? line.admission > last {
                    unfinished += line.spans
                } else {
                    writes.append(line)
                }
            }
            remarks += file.remarks
        }
        for reason in Set(files.compactMap(\.end)).subtracting(["stopped", "next"]).sorted() {
            remarks.append("the recording ended early: \(reason)")
        }
        for (file, isCut) in zip(files, cut) where isCut {
            remarks.append("\(cut.count == 1 ? "the recording" : file.name) was cut off: it has no end")
        }
    }

    private mutating func merge(_ files: [RecordedFile], after start: Int64) {
        var order: [(number: Int64, file: Int, line: Int)] = []
        for (index, file) in files.enumerated() {
            var number = file.entries.lazy.compactMap(\.number).first ?? start
            for (line, entry) in file.entries.enumerated() {
                number = max(number, entry.number ?? number)
                order.append((number, index, line))
            }
        }
        order.sort { $0 < $1 }
        for (_, file, line) in order {
            switch files[file].entries[line] {
            case .invocation(let invocation):
                if let number = invocation.number, number <= start { continue }
                if let number = invocation.number, number > last {
                    unfinished += invocation.spans
                    continue
                }
                invocations.append(invocation.placed(at: invocations.count + 1, after: start))
            case .gap(let count, let reason):
                remarks.append(
                    "after invocation \(invocations.count): \(count) invocations are missing (\(reason))")
            }
        }
    }

    /// Two processes never take one number.
    private static func refuseTwins(in files: [RecordedFile], of folder: String) throws(RecordingError) {
        guard files.count > 1 else { return }
        var taken: [(numbers: ClosedRange<Int64>, file: Int)] = []
        for (index, file) in files.enumerated() {
            taken += file.numbers.map { ($0, index) }
        }
        taken.sort { ($0.numbers.lowerBound, $0.file) < ($1.numbers.lowerBound, $1.file) }
        guard var last = taken.first else { return }
        for next in taken.dropFirst() {
            if next.file != last.file, next.numbers.lowerBound <= last.numbers.upperBound {
                throw RecordingError(
                    folder,
                    "number \(next.numbers.lowerBound) of the store's order is in \(files[last.file].name) and in \(files[next.file].name): these are not files of one recording"
                )
            }
            if next.numbers.upperBound >= last.numbers.upperBound { last = next }
        }
    }
}

/// What one file tells.
private struct RecordedFile {
    enum Entry {
        case invocation(RecordedInvocation)
        case gap(count: Int64, reason: String)

        var number: Int64? {
            guard case .invocation(let invocation) = self else { return nil }
            return invocation.number
        }
    }

    let name: String
    private(set) var entries: [Entry] = []
    private(set) var returns: [RecordedReturn] = []
    private(set) var writes: [RecordedWrite] = []
    /// Why its process wrote no further; nil where it does not say.
    private(set) var end: String?
    private(set) var last: Int64?
    private(set) var remarks: [String] = []

    /// Nil where there is no such file.
    init?(_ name: String, in folder: String) throws(RecordingError) {
        guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return nil }
        self.name = name
        let bytes = [UInt8](data)
        var start = 0
        var line = 1
        while start < bytes.count {
            guard let end = bytes[start...].firstIndex(of: 0x0a) else {
                // A crash in the middle of a line.
                remarks.append("\(name):\(line): the last line is not whole and is left out")
                return
            }
            if end > start {
                do throws(RecordingProblem) {
                    guard end - start <= RecordingFormat.longestLine else {
                        throw RecordingProblem("the line is too long")
                    }
                    guard let text = String(validating: bytes[start..<end], as: UTF8.self) else {
                        throw RecordingProblem("the line is not UTF-8")
                    }
                    try read(text)
                } catch {
                    throw RecordingError("\(folder)/\(name):\(line)", error.text)
                }
            }
            start = end + 1
            line += 1
        }
    }

    /// The numbers of the store's order that are certainly its lines'. An admission without a commit may have been lost.
    var numbers: [ClosedRange<Int64>] {
        let invocations = entries.flatMap { entry -> [ClosedRange<Int64>] in
            guard case .invocation(let invocation) = entry else { return [] }
            let isCertain = invocation.admission == nil || invocation.commit != nil
            return isCertain ? invocation.spans : Array(invocation.spans.dropFirst())
        }
        return invocations + returns.flatMap(\.spans)
            + writes.flatMap { $0.commit == nil ? [] : $0.spans }
    }

    private mutating func read(_ text: String) throws(RecordingProblem) {
        let line = try RecordingMembers(text, "the line")
        switch try line.text("kind") {
        case "invocation": entries.append(.invocation(try RecordedInvocation(line, position: 0)))
        case "return": returns.append(try RecordedReturn(line))
        case "write": if let write = try RecordedWrite(line) { writes.append(write) }
        case "gap":
            entries.append(.gap(count: try line.number("count") ?? 0, reason: try line.text("reason")))
        case "end": (end, last) = (try line.text("reason"), try line.number("number"))
        default: break
        }
    }
}

// The numbers of the store's order that a line tells of.

extension RecordedInvocation {
    /// That of its admission first, where it has one.
    var spans: [ClosedRange<Int64>] {
        var spans: [ClosedRange<Int64>] = []
        if let number = admission { spans.append(number...number) }
        if let claim = taken.claim { spans.append(claim.lease...claim.lease) }
        if let commit { spans.append(commit - numbers + 1...commit) }
        return spans
    }
}

extension RecordedReturn {
    var spans: [ClosedRange<Int64>] { [number...number] + (claim.map { [$0.lease...$0.lease] } ?? []) }

    /// Reads the members of a line.
    fileprivate init(_ line: RecordingMembers) throws(RecordingProblem) {
        guard let number = try line.number("number") else {
            throw RecordingProblem("'number' is missing")
        }
        guard let at = Timestamp(rfc3339: try line.text("at")) else {
            throw RecordingProblem("'at' must be an RFC 3339 time")
        }
        let fate: JobReturn =
            switch try line.text("fate") {
            case "wait": .wait(until: at)
            case "retry": .retry(at: at)
            case "bury": .bury(reason: try line.text("reason"), at: at)
            default: throw RecordingProblem("'fate' must be wait, retry or bury")
            }
        let (queue, group) = (try line.text("queue"), try line.text("group"))
        var claim: ClaimedJobs?
        if let lease = try line.number("lease") {
            claim = try ClaimedJobs(queue: queue, group: group, lease: lease, count: line.number("jobs"))
        }
        self.init(number: number, queue: queue, group: group, fate: fate, claim: claim)
    }
}

extension RecordedWrite {
    var spans: [ClosedRange<Int64>] {
        [admission...admission] + (commit.map { [$0 - numbers + 1...$0] } ?? [])
    }
}
