internal import FoundationEssentials
internal import Store
internal import Wire

extension Recording {
    /// Writes the recording anew with what `replay` gave, which must have been run with `renumbers`: its answers, units
    /// of work, log fields and numbers. Events, what was taken from outside, and durations stay.
    ///
    /// Invocations that were not replayed are dropped. Throws where the folder cannot be written; the recording is then
    /// as it was.
    public func update(with replay: ReplayResult) throws(RecordingError) {
        var line = RecordLine(redaction: Redaction(fields: redacted)) { $0 }
        var bytes: [UInt8] = []
        var givenBack: [(number: Int64, text: String)] = []
        for (index, number, lease) in replay.returns {
            line.clear()
            line.write(returns[index], number: number, lease: lease)
            givenBack.append((number, String(decoding: line.bytes, as: UTF8.self)))
        }
        for invocation in replay.invocations {
            bytes += invocation.line(&line).utf8
        }
        for (_, text) in givenBack { bytes += text.utf8 }
        line.clear()
        line.writeEnd("stopped")
        bytes += line.bytes
        try writeVersion()
        do {
            try Data(bytes).write(
                to: URL(filePath: folder + "/" + RecordingFormat.events(1)), options: .atomic)
            try RecordingPlace.makePrivate(folder + "/" + RecordingFormat.events(1))
        } catch { throw RecordingError(folder, "\(RecordingFormat.events(1)) cannot be written") }
        var part = 2
        while (try? FileManager.default.removeItem(atPath: folder + "/" + RecordingFormat.events(part)))
            != nil
        {
            part += 1
        }
    }

    /// What is written is of the present version of the format.
    private func writeVersion() throws(RecordingError) {
        let path = folder + "/" + RecordingFormat.header
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            var header = try JSON.decoder.decode(RecordingHeader.self, from: data)
            guard header.version != RecordingFormat.version else { return }
            header.version = RecordingFormat.version
            try Data((JSON.encode(header) + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
            try RecordingPlace.makePrivate(path)
        } catch { throw RecordingError(folder, "\(RecordingFormat.header) cannot be written") }
    }
}

extension ReplayedInvocation {
    /// The line that a recording of the replay would have.
    fileprivate func line(_ line: inout RecordLine) -> String {
        var text = #"{"kind":"invocation","function":\#(JSONScanner.quoted(recorded.function))"#
        if let admission { text += #","admission":\#(admission)"# }
        if let commit { text += #","commit":\#(commit),"numbers":\#(numbers)"# }
        var taken = recorded.taken
        if let claim = taken.claim, let lease {
            taken.claim = ClaimedJobs(
                queue: claim.queue, group: claim.group, lease: lease, count: claim.count)
        }
        let takenText = line.part("") { $0.write(taken) }
        text += #","event":\#(recorded.cloudEvent),"taken":\#(takenText)"#
        text += #","answer":\#(answer),"unit":\#(unit),"log":\#(log)"#
        return text + #","duration":\#(recorded.duration.seconds)}"# + "\n"
    }
}
