public import Base
internal import FoundationEssentials
internal import Ledger
internal import Observability

// How an event is written as a CloudEvent 1.0 in the JSON format (structured mode):
//
//   type             app.gestaloka.http, .socket, .queue or .direct, or another kind of trigger
//   source           /http, /socket, /queue, /direct, or that kind
//   id, time         of the event
//   data             the input as JSON; data_base64 where it is not exactly one JSON value
//   dataform         "arguments" where data is the array of a Socket.IO event's arguments, none or several of them;
//                    "text" where it is bare text, of the media type text/plain
//   traceparent      the caller's trace (distributed tracing extension)
//   authtype, authid, authclaims
//                    verified claims (auth context extension): "app_user", the subject, and a JSON text with the
//                    claims of RFC 7519 by their names (sub, sid, roles, exp)
//   peer             the peer's address
//   idempotencykey   the field Idempotency-Key, or the key that was found in the data
//   httpmethod, httppath
//   socketevent, connectionid, hostid
//   queue, queuegroup
//   triggername      of an event of another kind
//
// Tokens are never written: an event whose claims were not verified has no auth attributes.
extension Event {
    /// The longest CloudEvent that is read or written, in bytes: the longest body that a manifest allows as Base64, and
    /// the attributes.
    public static let maximumCloudEventLength = 24 << 20

    /// Reads a CloudEvent 1.0 in JSON format.
    ///
    /// Any CloudEvent will do: a `type` that is not one of ours makes a direct event. Of its extensions only the standard
    /// ones are read then (`traceparent`, and `authid` where `authtype` is `app_user`); whatever else is called as ours
    /// are is somebody else's, and ignored like all others.
    ///
    /// `authid` and `authclaims` are believed, so the text must come from where a token could be made as well: a
    /// developer's own file, a recording. `data` keeps the bytes that the text has, so that an invocation with it is
    /// the same as the original.
    ///
    /// - Parameters:
    ///   - json: The text, in UTF-8.
    ///   - receivedAt: The time of an event that does not say; without it `time` is required.
    public init(cloudEvent json: [UInt8], receivedAt: Timestamp? = nil) throws(CloudEventError) {
        try self.init(CloudEventMembers(json, limit: Self.maximumCloudEventLength), receivedAt: receivedAt)
    }

    /// Reads one of at most `limit` bytes, such as a line of a recording may be long.
    package init(cloudEvent json: [UInt8], limit: Int) throws(CloudEventError) {
        try self.init(CloudEventMembers(json, limit: limit), receivedAt: nil)
    }

    private init(_ members: CloudEventMembers, receivedAt: Timestamp?) throws(CloudEventError) {
        guard try members.required("specversion") == "1.0" else {
            throw CloudEventError("specversion", "must be \"1.0\"")
        }
        _ = try members.required("source")
        let time: Timestamp
        if let text = try members.text("time") {
            guard let parsed = Timestamp(rfc3339: text) else {
                throw CloudEventError("time", "must be an RFC 3339 time such as 2026-01-31T12:00:00Z")
            }
            time = parsed
        } else if let receivedAt {
            time = receivedAt
        } else {
            throw CloudEventError("time", "is missing")
        }
        let id = try members.required("id")
        let trigger = try members.trigger()
        let isOurs = try members.isOurs
        let claims = try isOurs ? members.claims() : members.foreignClaims()
        // What the standard says to ignore is ignored.
        let trace = members.anyText("traceparent").flatMap { TraceContext(traceparent: $0) }
        self.init(
            id: id, time: time, trigger: trigger, credential: claims.map(Credential.verified) ?? .none,
            address: isOurs ? try members.text("peer") : nil, trace: trace,
            idempotencyKey: isOurs ? try members.text("idempotencykey") : nil, data: try members.data(),
            form: isOurs ? try members.form() : .value)
    }

    /// The event as a CloudEvent 1.0 in JSON format, on one line.
    ///
    /// Reading it gives the same event, without its token where it has one. Throws a `CloudEventError` where it
    /// would be too long or has no id.
    public func cloudEvent() throws -> String {
        var bytes: [UInt8] = []
        try appendCloudEvent(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends what `cloudEvent` gives; nothing where that throws.
    ///
    /// `literal` is that of the verified claims where it is known (`cloudEventLiteral`); `limit` the most bytes.
    package func appendCloudEvent(
        to bytes: inout [UInt8], claims literal: [UInt8]? = nil, limit: Int = Event.maximumCloudEventLength
    ) throws(CloudEventError) {
        guard !id.isEmpty else { throw CloudEventError("id", "must not be empty") }
        guard data.count <= limit else { throw CloudEventError.tooLong(limit) }
        let start = bytes.count
        bytes.append(contentsOf: #"{"specversion":"1.0","id":"#.utf8)
        JSONScanner.appendQuoted(id, to: &bytes)
        func add(_ name: String, _ value: String?, to bytes: inout [UInt8]) {
            guard let value else { return }
            bytes.append(contentsOf: ",\"".utf8)
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "\":".utf8)
            JSONScanner.appendQuoted(value, to: &bytes)
        }
        add("source", "/" + trigger.name, to: &bytes)
        add("type", CloudEventMembers.typePrefix + trigger.name, to: &bytes)
        add("time", time.rfc3339, to: &bytes)
        switch trigger {
        case .http(let method, let path):
            add("httpmethod", method, to: &bytes)
            add("httppath", path, to: &bytes)
        case .socket(let event, let connection, let host):
            add("socketevent", event, to: &bytes)
            add("connectionid", connection, to: &bytes)
            add("hostid", host, to: &bytes)
        case .queue(let name, let group):
            add("queue", name, to: &bytes)
            add("queuegroup", group, to: &bytes)
        case .other(_, let name): add("triggername", name, to: &bytes)
        case .direct: break
        }
        add("peer", address, to: &bytes)
        add("traceparent", trace?.traceparent, to: &bytes)
        add("idempotencykey", idempotencyKey, to: &bytes)
        if case .verified(let claims) = credential {
            add("authtype", "app_user", to: &bytes)
            add("authid", claims.subject, to: &bytes)
            bytes.append(contentsOf: #","authclaims":"#.utf8)
            bytes.append(contentsOf: literal ?? Self.cloudEventLiteral(of: claims))
        }
        if form != .value { add("dataform", form.rawValue, to: &bytes) }
        if form == .text, let text = String(validating: data, as: UTF8.self) {
            add("datacontenttype", "text/plain", to: &bytes)
            add("data", text, to: &bytes)
        } else if !data.isEmpty {
            add("datacontenttype", "application/json", to: &bytes)
            // One line, which any reader can read: all else is kept in base64.
            if !data.contains(UInt8(ascii: "\n")), isPlainJSON {
                bytes.append(contentsOf: #","data":"#.utf8)
                bytes.append(contentsOf: data)
            } else {
                add("data_base64", Base64.encode(data), to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        guard bytes.count - start <= limit else {
            bytes.removeSubrange(start...)
            throw CloudEventError.tooLong(limit)
        }
    }

    /// How deep data may be nested that stands in an event as it is: readers have limits, and it stands deeper yet.
    private static let plainDepth = 100

    /// Whether the data is one JSON value that every reader takes: neither nested deeply nor with half of a surrogate
    /// pair.
    private var isPlainJSON: Bool {
        guard JSONScanner.isValue(data) else { return false }
        var openers = 0
        var mayHaveHalves = false
        for (index, byte) in data.enumerated() {
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): openers += 1
            case UInt8(ascii: "\\") where index + 2 < data.count && data[index + 1] == UInt8(ascii: "u"):
                // All halves are from D800 to DFFF.
                if data[index + 2] | 0x20 == UInt8(ascii: "d") { mayHaveHalves = true }
            default: break
            }
        }
        if openers > Self.plainDepth {
            var nesting = JSONNesting()
            for byte in data where nesting.take(byte) && nesting.depth > Self.plainDepth { return false }
        }
        return !mayHaveHalves || StrictJSON.fault(in: data.span) == nil
    }
}

extension Event {
    /// Claims as the value of `authclaims`: a JSON string that holds a JSON text.
    package static func cloudEventLiteral(of claims: Claims) -> [UInt8] {
        var literal: [UInt8] = []
        JSONScanner.appendQuoted(CloudEventClaims(claims).json, to: &literal)
        return literal
    }
}

extension CloudEventError {
    fileprivate static func tooLong(_ limit: Int) -> CloudEventError {
        CloudEventError(nil, "is longer than \(limit) bytes")
    }
}

/// The members of a CloudEvent, their values still as JSON texts.
private struct CloudEventMembers {
    static let typePrefix = "app.gestaloka."

    private let values: [String: String]

    init(_ json: [UInt8], limit: Int) throws(CloudEventError) {
        guard json.count <= limit else { throw .tooLong(limit) }
        guard let text = String(validating: json, as: UTF8.self) else {
            throw CloudEventError(nil, "is not UTF-8")
        }
        guard let members = JSONScanner.members(of: text) else {
            throw CloudEventError(nil, "is not a JSON object, or nested too deeply")
        }
        var values: [String: String] = [:]
        for (name, value) in members {
            guard values.updateValue(value, forKey: name) == nil else {
                throw CloudEventError(String(name.prefix(64)), "stands there twice")
            }
        }
        // An attribute that is null is one that is not there; data may be null.
        self.values = values.filter { $0.value != "null" || $0.key == "data" }
    }

    /// Whether the event is of one of our types.
    var isOurs: Bool {
        get throws(CloudEventError) { try required("type").hasPrefix(Self.typePrefix) }
    }

    /// An extension that others may use in their own way: nil where it is no text.
    func anyText(_ name: String) -> String? { values[name].flatMap { JSONScanner.string(of: $0) } }

    func text(_ name: String) throws(CloudEventError) -> String? {
        guard let value = values[name] else { return nil }
        guard let text = JSONScanner.string(of: value) else {
            throw CloudEventError(name, "must be a string")
        }
        return text
    }

    func required(_ name: String) throws(CloudEventError) -> String {
        guard let text = try text(name) else { throw CloudEventError(name, "is missing") }
        guard !text.isEmpty else { throw CloudEventError(name, "must not be empty") }
        return text
    }

    func trigger() throws(CloudEventError) -> Event.Source {
        switch try required("type") {
        case Self.typePrefix + "http":
            .http(method: try required("httpmethod"), path: try required("httppath"))
        // What a client or a function made up may be empty.
        case Self.typePrefix + "socket":
            .socket(
                event: try present("socketevent"), connection: try required("connectionid"),
                host: try required("hostid"))
        case Self.typePrefix + "queue":
            .queue(name: try required("queue"), group: try present("queuegroup"))
        case let type where type.hasPrefix(Self.typePrefix) && values["triggername"] != nil:
            .other(
                kind: String(type.dropFirst(Self.typePrefix.count)), name: try required("triggername"))
        default: .direct
        }
    }

    private func present(_ name: String) throws(CloudEventError) -> String {
        guard let text = try text(name) else { throw CloudEventError(name, "is missing") }
        return text
    }

    /// The word for a caller among principals (auth context extension).
    private static let endUser = "app_user"

    /// The claims of an event of another system: of all principals only an end user of an application is a caller, and
    /// nobody is named whom a token could not name.
    func foreignClaims() throws(CloudEventError) -> Claims? {
        guard anyText("authtype") == Self.endUser, let subject = anyText("authid"),
            (1...128).contains(subject.utf8.count)
        else { return nil }
        return try claims()
    }

    func claims() throws(CloudEventError) -> Claims? {
        if let type = try text("authtype"), type != Self.endUser { return nil }
        let subject = try text("authid")
        guard let text = try text("authclaims") else {
            return try subject.map { subject throws(CloudEventError) in
                Claims(subject: try checked(subject, "authid"))
            }
        }
        guard let claims = try? JSON.decode(CloudEventClaims.self, text: text) else {
            throw CloudEventError(
                "authclaims",
                "must be a JSON text such as {\"sub\":\"ID\",\"roles\":[\"ops\"],\"exp\":1767225600}")
        }
        guard let name = claims.sub ?? subject else { throw CloudEventError("authid", "is missing") }
        guard subject == nil || subject == name else {
            throw CloudEventError("authclaims", "names another subject than 'authid'")
        }
        return claims.claims(of: try checked(name, "authid"))
    }

    private func checked(_ subject: String, _ member: String) throws(CloudEventError) -> String {
        guard !subject.isEmpty, subject.utf8.count <= 128 else {
            throw CloudEventError(member, "must have 1 to 128 bytes")
        }
        return subject
    }

    func data() throws(CloudEventError) -> [UInt8] {
        let isJSON = Self.isJSON(try text("datacontenttype"))
        if let encoded = try text("data_base64") {
            guard values["data"] == nil else {
                throw CloudEventError("data_base64", "must not stand beside 'data'")
            }
            guard let data = Base64.decode(encoded) else {
                throw CloudEventError("data_base64", "must be base64")
            }
            return data
        }
        guard let value = values["data"] else { return [] }
        // Content that is not JSON stands in a JSON string (JSON format, section 3.1).
        if !isJSON, let text = JSONScanner.string(of: value) { return Array(text.utf8) }
        return Array(value.utf8)
    }

    func form() throws(CloudEventError) -> DataForm {
        guard let text = try text("dataform") else { return .value }
        guard let form = DataForm(rawValue: text) else {
            throw CloudEventError("dataform", "must be arguments, text or value")
        }
        return form
    }

    /// Whether a media type is JSON by its name; JSON where there is none.
    private static func isJSON(_ mediaType: String?) -> Bool {
        guard let mediaType else { return true }
        let name = mediaType.prefix { $0 != ";" && $0 != " " && $0 != "\t" }.lowercased()
        return name.hasSuffix("/json") || name.hasSuffix("+json")
    }
}

/// Claims by the names of RFC 7519.
private struct CloudEventClaims: Decodable {
    var sub: String?
    var sid: String?
    var roles: [String]?
    /// Seconds since 1970, fractions allowed.
    var exp: Double?

    init(_ claims: Claims) {
        sub = claims.subject
        sid = claims.session
        roles = claims.roles.isEmpty ? nil : claims.roles
        exp = claims.expiresAt.map { Double($0.milliseconds) / 1_000 }
    }

    /// With sorted names, as `JSON.encode` writes them.
    var json: String {
        var members: [String] = []
        if let exp {
            let isWhole = exp.rounded() == exp && abs(exp) < 1e15
            members.append(#""exp":"# + (isWhole ? "\(Int64(exp))" : "\(exp)"))
        }
        if let roles {
            members.append(#""roles":["# + roles.map { JSONScanner.quoted($0) }.joined(separator: ",") + "]")
        }
        if let sid { members.append(#""sid":"# + JSONScanner.quoted(sid)) }
        if let sub { members.append(#""sub":"# + JSONScanner.quoted(sub)) }
        return "{" + members.joined(separator: ",") + "}"
    }

    func claims(of subject: String) -> Claims {
        Claims(
            subject: subject, session: sid, roles: roles ?? [],
            expiresAt: exp.map { Timestamp(seconds: $0) })
    }
}
