internal import Base
internal import FoundationEssentials
internal import Functions
internal import Wire

/// What API Gateway's events have in common: headers, query and body.
enum APIGatewayMessage {
    /// `headers`, where a repeated one is joined with commas, in any case.
    static func headers(_ object: ForeignObject) throws(EventFault) -> HTTPHeaders {
        var headers = HTTPHeaders()
        guard let members = try object.object("headers") else { return headers }
        for name in members.names {
            if let value = try members.text(name) { headers.add(name, value) }
        }
        return headers
    }

    /// `body`, decoded where `isBase64Encoded` says so.
    static func body(_ object: ForeignObject) throws(EventFault) -> [UInt8] {
        let isEncoded = try object.flag("isBase64Encoded")
        guard let body = try object.text("body") else { return [] }
        guard isEncoded else { return Array(body.utf8) }
        guard let data = Base64.decode(body) else {
            throw object.fault("body", "must be base64, as 'isBase64Encoded' says")
        }
        return data
    }

    /// The query as the members of a JSON object, as the host gives it to functions: the first of a repeated name
    /// counts. `queryStringParameters`, which joins or drops those, is for events without `rawQueryString`, or with an
    /// empty one: tests that somebody wrote by hand fill in the one or the other.
    static func queryObject(_ object: ForeignObject) throws(EventFault) -> [UInt8] {
        var items: [(name: String, value: String)] = []
        if let query = try object.text("rawQueryString") {
            items = HTTPRequest(method: "", target: "", path: "", query: query).queryItems()
        }
        if items.isEmpty, let members = try object.object("queryStringParameters") {
            for name in members.names {
                if let value = try members.text(name) { items.append((name, value)) }
            }
        }
        guard !items.isEmpty else { return [] }
        var seen: Set<String> = []
        let members = items.filter { seen.insert($0.name).inserted }.map {
            JSONScanner.quoted($0.name) + ":" + JSONScanner.quoted($0.value)
        }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }
}

extension Event.Credential {
    /// The token of an `Authorization` field, if it has one (RFC 6750 section 2.1).
    init(bearerIn authorization: String?) {
        self = HTTPAuthorization.bearerToken(authorization).map { .token($0) } ?? .none
    }
}
