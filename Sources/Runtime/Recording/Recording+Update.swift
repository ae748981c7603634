internal import Base
internal import Engine
internal import FoundationEssentials
internal import Functions
public import Manifest

extension Recording {
    /// What a recording that is written anew is made under, where that is not its own manifest.
    public struct NewManifest: Sendable {
        let manifest: Manifest
        let yaml: [UInt8]
        /// What it was read with.
        let environment: [String: String]

        /// A manifest, its text, and what it was read with.
        public init(_ manifest: Manifest, yaml: [UInt8], environment: [String: String]) {
            self.manifest = manifest
            self.yaml = yaml
            self.environment = environment
        }
    }

    /// The variables for a replay under another manifest, of text `yaml`: those of this process that it names, as far as
    /// they are no secrets, and otherwise the recording's own.
    public func environment(for manifest: Manifest?, yaml: [UInt8], of process: [String: String])
        -> [String: String]
    {
        var environment = self.environment
        let named = EnvironmentExpansion.names(in: String(decoding: yaml, as: UTF8.self))
            .union(manifest?.functions.flatMap(\.environment) ?? [])
        for name in named.subtracting(["ENVIRONMENT", "DEBUG"]) {
            guard let value = process[name], !withheld.contains(name) else { continue }
            environment[name] = value
        }
        return environment
    }

    /// Writes the recording anew with what `replay` gave, which must have been run with `renumbers`: its numbers, and of
    /// the invocations that are accepted (by their positions; nil for all) its answers, units of work and log fields.
    /// Events, what was taken from outside, and durations stay. With `manifest`, that is the recording's from now on.
    ///
    /// Invocations that were not replayed are dropped. Throws where the folder cannot be written; the recording is then
    /// as it was.
    public func update(
        with replay: ReplayResult, accepting: Set<Int>? = nil, manifest new: NewManifest? = nil
    ) throws(RecordingError) {
        let recorded = try new.map { new throws(RecordingError) in
            try RecordedManifest(
                new.manifest, yaml: new.yaml, environment: new.environment, folder: folder)
        }
        var line = RecordLine(redaction: Redaction(fields: redacted)) { $0 }
        var bytes: [UInt8] = []
        for invocation in replay.invocations {
            let isAccepted = accepting?.contains(invocation.recorded.position) ?? true
            bytes += invocation.line(&line, isAccepted: isAccepted, replay.numbers).utf8
        }
        line.clear()
        for (index, number, lease) in replay.returns {
            line.write(returns[index], number: number, lease: lease)
        }
        for (index, admission, commit) in replay.writes {
            line.write(writes[index], admission: admission, commit: commit)
        }
        line.writeEnd("stopped")
        bytes += line.bytes
        try writeHeader(recorded)
        do {
            try Data(bytes).write(
                to: URL(filePath: folder + "/" + RecordingFormat.events(1)), options: .atomic)
            try RecordingPlace.makePrivate(folder + "/" + RecordingFormat.events(1))
        } catch { throw RecordingError(folder, "\(RecordingFormat.events(1)) cannot be written") }
        try? FileManager.default.removeItem(atPath: folder + "/" + RecordingFormat.others)
        var part = 2
        while (try? FileManager.default.removeItem(atPath: folder + "/" + RecordingFormat.events(part)))
            != nil
        {
            part += 1
        }
    }

    /// What is written is of the present version of the format.
    private func writeHeader(_ manifest: RecordedManifest?) throws(RecordingError) {
        let place = RecordingPlace(folder: folder)
        guard let data = FileManager.default.contents(atPath: folder + "/" + RecordingFormat.header),
            var header = try? JSON.decoder.decode(RecordingHeader.self, from: data)
        else { throw RecordingError(folder, "\(RecordingFormat.header) cannot be read") }
        guard header.version != RecordingFormat.version || manifest != nil else { return }
        header.version = RecordingFormat.version
        if let manifest {
            header.environment = manifest.kept
            header.withheld = manifest.withheld
            try place.write(manifest.text, RecordingFormat.manifest)
        }
        try place.write(header)
    }
}

extension ReplayedInvocation {
    /// The line that a recording of the replay would have; with the recorded outcome where that is not accepted.
    fileprivate func line(
        _ line: inout RecordLine, isAccepted: Bool, _ replayNumbers: ReplayNumbers
    ) -> String {
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
        if isAccepted {
            text += #","answer":\#(answer),"unit":\#(unit),"log":\#(log)"#
        } else {
            let unit = recorded.unit(renumbered: replayNumbers)
            text += #","answer":\#(recorded.answer),"unit":\#(unit),"log":\#(recorded.log)"#
        }
        return text + #","duration":\#(recorded.duration.seconds)}"# + "\n"
    }
}

extension RecordedInvocation {
    /// The unit with the replay's numbers where it says up to which a journal was read.
    fileprivate func unit(renumbered numbers: ReplayNumbers) -> String {
        guard let members = JSONScanner.members(of: unit, depth: RecordingFormat.depth) else { return unit }
        let parts = members.map { name, value in
            guard name == "reads", let reads = JSONScanner.elements(of: value) else {
                return JSONScanner.quoted(name) + ":" + value
            }
            let renumbered = reads.map { read in
                guard let members = JSONScanner.members(of: read) else { return read }
                let parts = members.map { name, value in
                    let own = name == "up_to" ? Int64(value).map { String(numbers.own($0)) } : nil
                    return JSONScanner.quoted(name) + ":" + (own ?? value)
                }
                return "{" + parts.joined(separator: ",") + "}"
            }
            return #""reads":["# + renumbered.joined(separator: ",") + "]"
        }
        return "{" + parts.joined(separator: ",") + "}"
    }
}
