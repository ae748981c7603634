internal import Base
internal import Confinement
internal import Glibc
internal import Net
internal import Runtime

/// What an instance writes: standard output and error by lines, and its log as Lambda's clients frame it, each message
/// one line of the host's log. Lines that are the log of a function of ours go on as they are.
final class InstanceOutputs {
    private let core: HostCore
    private let function: String
    private weak var instance: Instance?
    private let tokens: InstanceTokens
    private var streams: [Stream] = []
    /// Bytes beyond what those that have begun since may write.
    private var written = 0

    private final class Stream {
        let name: String
        let descriptor: Int32
        let isFramed: Bool
        var token: UInt64 = 0
        var bytes: [UInt8] = []
        var isOpen = true

        init(_ name: String, _ descriptor: Int32, isFramed: Bool) {
            (self.name, self.descriptor, self.isFramed) = (name, descriptor, isFramed)
        }
    }

    init(_ process: ConfinedProcess, _ core: HostCore, _ tokens: InstanceTokens, of instance: Instance) {
        self.core = core
        function = instance.entry.name
        self.instance = instance
        self.tokens = tokens
        streams = [
            Stream("stdout", process.output, isFramed: false),
            Stream("stderr", process.errors, isFramed: false),
            Stream("log", process.telemetry, isFramed: true),
        ]
        for stream in streams {
            stream.token = tokens.take { [weak self, weak stream] _ in
                if let self, let stream { read(stream, once: true) }
            }
            try? core.loop.watch(stream.descriptor, for: .read, token: stream.token)
        }
    }

    /// An invocation begins, which may write as much as the limit says.
    func begin() {
        guard let instance else { return }
        written = instance.inHand.count <= 1 ? 0 : max(0, written - instance.entry.limits.process.output)
    }

    /// Reads what is still there.
    func drain() { for stream in streams { read(stream, once: false) } }

    func close() {
        for stream in streams {
            stop(stream)
            flush(stream)
        }
    }

    private func stop(_ stream: Stream) {
        guard stream.isOpen else { return }
        stream.isOpen = false
        core.loop.forget(stream.descriptor)
        tokens.giveBack(stream.token)
    }

    private func read(_ stream: Stream, once: Bool) {
        while stream.isOpen {
            let count: Int = unsafe withUnsafeTemporaryAllocation(
                byteCount: core.limits.readBytes, alignment: 1
            ) {
                buffer in
                let count = unsafe Glibc.read(stream.descriptor, buffer.baseAddress, buffer.count)
                if count > 0 { unsafe stream.bytes.append(contentsOf: buffer[..<count]) }
                return count
            }
            guard count > 0 else {
                if count == 0 || errno != EAGAIN && errno != EINTR { stop(stream) }
                return
            }
            written += count
            if let instance, written > instance.entry.limits.process.output {
                stream.bytes.removeAll()
                return instance.end("it wrote more than \(instance.entry.limits.process.output) bytes")
            }
            if stream.isFramed { takeFrames(stream) } else { takeLines(stream) }
            if once { return }
        }
    }

    // MARK: Messages

    private func takeLines(_ stream: Stream) {
        var start = 0
        while let end = stream.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            tell(stream, stream.bytes[start..<end])
            start = end + 1
        }
        if start > 0 { stream.bytes.removeSubrange(..<start) }
        if stream.bytes.count >= core.limits.outputLine { flush(stream) }
    }

    /// What has no end yet is told as it is.
    private func flush(_ stream: Stream) {
        guard !stream.bytes.isEmpty else { return }
        tell(stream, stream.bytes[...])
        stream.bytes.removeAll()
    }

    /// Messages as the clients of Lambda's runtimes frame them: four bytes that say how, four of the length, eight of the
    /// time, and the text (awslambdaric, `lambda_runtime_log_utils`: the type is 0xa55a0000 and flags of level and
    /// format). What is not framed so is told as lines.
    private func takeFrames(_ stream: Stream) {
        while stream.bytes.count >= Self.frameHead {
            func number(_ at: Int) -> Int { stream.bytes[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
            guard number(0) >> 16 == Self.frameMark else { return takeLines(stream) }
            let length = number(4)
            let whole = Self.frameHead + min(length, core.limits.outputLine)
            guard stream.bytes.count >= whole else { return }
            tell(stream, stream.bytes[Self.frameHead..<whole])
            stream.bytes.removeSubrange(..<whole)
        }
    }

    private static let frameHead = 16
    private static let frameMark = 0xa55a

    private func tell(_ stream: Stream, _ bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
            bytes.removeLast()
        }
        guard !bytes.isEmpty else { return }
        // Where messages have no frames, AWS's client for Python writes the ends of their lines so.
        if bytes.contains(UInt8(ascii: "\r")) {
            bytes = ArraySlice(bytes.map { $0 == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : $0 })
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let name = instance?.name ?? function
        if stream.name == "stderr", bytes.starts(with: Self.ownLine), tellOwn(text, name) { return }
        var fields: [(String, LogValue)] = [
            ("function", .string(function)), ("instance", .string(name)), ("stream", .string(stream.name)),
        ]
        if let task = instance?.onlyTask { fields.append(("request_id", .string(task.eventID))) }
        core.log.write(.info, text, fields, at: core.wallClock)
    }

    private static let ownLine = Array(#"{"time":""#.utf8)

    /// A line of the log of a function of ours.
    private func tellOwn(_ text: String, _ name: String) -> Bool {
        guard let members = JSONScanner.members(of: text), members.count >= 3,
            let time = JSONScanner.string(of: members[0].value).flatMap({ Timestamp(rfc3339: $0) }),
            let level = JSONScanner.string(of: members[1].value).flatMap({ LogLevel(rawValue: $0) }),
            let message = JSONScanner.string(of: members[2].value)
        else { return false }
        guard core.log.isEnabled(level) else { return true }
        var fields: [(String, LogValue)] = []
        fields.reserveCapacity(members.count)
        for (name, value) in members.dropFirst(3) {
            let field: LogValue =
                if let text = JSONScanner.string(of: value) {
                    .string(text)
                } else if let number = Int64(value) { .integer(number) } else if let number = Double(value) {
                    .number(number)
                } else if value == "true" || value == "false" { .boolean(value == "true") } else {
                    .string(value)
                }
            fields.append((name, field))
        }
        fields.append(("instance", .string(name)))
        core.log.write(level, message, fields, at: time)
        return true
    }
}
