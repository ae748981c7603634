internal import Base
public import Functions
public import Ledger

/// What a host hands to a process of a function of ours: the event with its token, the jobs it is for, and whether
/// anyone listens. JSON, of the media type ``mediaType``.
public struct RemoteInvocation: Sendable {
    /// The event.
    public let event: Event
    /// Jobs that are done with its effects.
    public let claim: JobClaim?
    /// Whether somebody other than the audience hears what is said live.
    public let hasListener: Bool

    /// From its parts.
    public init(event: Event, claim: JobClaim?, hasListener: Bool) {
        self.event = event
        self.claim = claim
        self.hasListener = hasListener
    }

    /// The media type of the text.
    public static let mediaType = "application/vnd.gestaloka.invocation+json"

    /// A claim without its jobs' payloads, which the event has.
    private struct Claim: Codable {
        let queue: String
        let group: String
        let lease: Int64
        let jobs: [Item]

        struct Item: Codable {
            let number: Int64
            let id: String
            let payload: String
            let traceparent: String?
            let attempts: Int
            let lost: Int
        }

        init(_ claim: JobClaim) {
            (queue, group, lease) = (claim.queue, claim.group, claim.lease)
            jobs = claim.jobs.map {
                Item(
                    number: $0.number, id: $0.id, payload: $0.payload, traceparent: $0.traceparent,
                    attempts: $0.attempts, lost: $0.lost)
            }
        }

        var claim: JobClaim {
            JobClaim(
                queue: queue, group: group, lease: lease,
                jobs: jobs.map {
                    Job(
                        number: $0.number, id: $0.id, payload: $0.payload, traceparent: $0.traceparent,
                        attempts: $0.attempts, lost: $0.lost)
                })
        }
    }

    /// The text. Throws where the event cannot be written.
    public func encoded() throws -> [UInt8] {
        var bytes = Array(#"{"event":"#.utf8)
        try event.appendCloudEvent(to: &bytes)
        if case .token(let token) = event.credential {
            bytes.append(contentsOf: #","token":"#.utf8)
            JSONScanner.appendQuoted(token, to: &bytes)
        }
        if hasListener { bytes.append(contentsOf: #","listener":true"#.utf8) }
        if let claim {
            bytes.append(contentsOf: #","claim":"#.utf8)
            bytes.append(contentsOf: try JSON.encode(Claim(claim)).utf8)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Reads what ``encoded()`` gives. Throws for anything else.
    public init(_ bytes: [UInt8]) throws {
        guard let text = String(validating: bytes, as: UTF8.self),
            let values = JSONScanner.values(of: ["event", "token", "listener", "claim"], in: text),
            let json = values[0]
        else { throw CloudEventError(nil, "is no invocation of a host") }
        var event = try Event(cloudEvent: Array(json.utf8))
        if let token = values[1].flatMap({ JSONScanner.string(of: $0) }) { event.credential = .token(token) }
        self.event = event
        hasListener = values[2] == "true"
        claim = try values[3].map { try JSON.decode(Claim.self, text: $0).claim }
    }
}
