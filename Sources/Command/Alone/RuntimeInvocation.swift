internal import Base
internal import Runtime
internal import Wire

/// One invocation as the Lambda Runtime API hands it out (API 2018-06-01).
struct RuntimeInvocation: Equatable {
    /// `Lambda-Runtime-Aws-Request-Id`: under it the answer is given.
    let id: String
    /// `Lambda-Runtime-Deadline-Ms`: nobody waits for the answer any longer then.
    let deadline: Timestamp?
    /// `Lambda-Runtime-Trace-Id`, as a trace of W3C's where it says enough.
    let trace: TraceContext?
    /// `Lambda-Runtime-Invocation-Id`, which goes back with the answer where it came.
    let invocationID: String?
    /// The event.
    let payload: [UInt8]
    /// Whether it is a host of ours that asks.
    let isOfHost: Bool

    /// Reads an answer to `next`; nil where it has no id that can stand in a path.
    init?(_ headers: HTTPHeaders, payload: [UInt8]) {
        guard let id = headers["Lambda-Runtime-Aws-Request-Id"], (1...256).contains(id.utf8.count),
            id.utf8.allSatisfy(Self.isPlain)
        else { return nil }
        self.id = id
        deadline = headers["Lambda-Runtime-Deadline-Ms"].flatMap { Int64($0) }.flatMap {
            (0...Self.latestTime).contains($0) ? Timestamp(milliseconds: $0) : nil
        }
        trace = headers["Lambda-Runtime-Trace-Id"].flatMap(Self.trace)
        invocationID = headers["Lambda-Runtime-Invocation-Id"]
        self.payload = payload
        isOfHost = headers["Content-Type"] == RemoteInvocation.mediaType
    }

    /// The last millisecond that RFC 3339 can write.
    private static let latestTime: Int64 = 253_402_300_799_999

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): true
        default: false
        }
    }

    /// X-Ray's `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`: the root without its
    /// version and dashes is W3C's trace-id, the parent its parent-id.
    static func trace(_ header: String) -> TraceContext? {
        var values: [Substring: Substring] = [:]
        for part in header.split(separator: ";") {
            guard let sign = part.firstIndex(of: "=") else { continue }
            values[part[..<sign]] = part[sign...].dropFirst()
        }
        guard let root = values["Root"]?.split(separator: "-", omittingEmptySubsequences: false),
            root.count == 3, root[0] == "1", let parent = values["Parent"]
        else { return nil }
        let flags = values["Sampled"] == "1" ? "01" : "00"
        return TraceContext(traceparent: "00-\(root[1])\(root[2])-\(parent)-\(flags)")
    }

    /// The function with the time that it has here: the manifest's, or what is left of the deadline.
    func bounded(_ entry: FunctionEntry, at now: Timestamp) -> FunctionEntry {
        guard let deadline else { return entry }
        var entry = entry
        entry.limits.timeout = min(entry.limits.timeout, max(deadline - now, .milliseconds(1)))
        return entry
    }
}
