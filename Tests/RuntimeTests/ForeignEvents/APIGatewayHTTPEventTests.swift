import Base
@testable import ForeignEvents
@testable import Functions
import Runtime
import Testing

@Suite struct APIGatewayHTTPEventTests {
    typealias Samples = ForeignSamples

    private func sample(_ old: String, _ new: String) -> String {
        #expect(Samples.http.contains(old))
        return Samples.http.replacing(old, with: new)
    }

    @Test func theEvent_isWhatTheRequestWouldBeHere() throws {
        let event = try #require(try Samples.read(Samples.http, receivedAt: nil).first)
        #expect(event.form == .httpEvent)
        #expect(event.event.id == "JKJaXmPLvHcESHA=")
        #expect(event.event.time == Timestamp(milliseconds: 1_767_225_604_123))
        #expect(event.event.trigger == .http(method: "POST", path: "/api/player/action"))
        #expect(event.route == event.event.trigger)
        #expect(event.event.address == "203.0.113.7")
        #expect(event.event.trace?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(event.event.data == Array(#"{"text":"go north"}"#.utf8))
        #expect(
            Samples.claims(event)
                == Claims(
                    subject: "player_1", session: "session_1", roles: ["gm", "ops"],
                    expiresAt: Timestamp(milliseconds: 1_767_229_200_000)))
    }

    @Test func withoutABody_theQueryIsTheData() throws {
        let body = #""body": "{\"text\":\"go north\"}""#
        for replacement in [#""body": null"#, #""body": """#] {
            let event = try Samples.read(sample(body, replacement)).first
            #expect(event?.event.data == Array(#"{"a":"1","b":"x y z"}"#.utf8))
        }
        let parsed = sample(body, #""body": null"#)
            .replacing(#""rawQueryString": "a=1&a=2&b=x%20y+z","#, with: "")
        #expect(try Samples.read(parsed).first?.event.data == Array(#"{"a":"1,2","b":"x y z"}"#.utf8))
        // As a function URL's event has it in the tests of Powertools for AWS Lambda.
        let emptied = sample(body, #""body": null"#).replacing("a=1&a=2&b=x%20y+z", with: "")
        #expect(try Samples.read(emptied).first?.event.data == Array(#"{"a":"1,2","b":"x y z"}"#.utf8))
        let none = emptied.replacing(#"{"a": "1,2", "b": "x y z"}"#, with: "null")
        #expect(try Samples.read(none).first?.event.data == [])
    }

    @Test func aBodyInBase64_isDecoded() throws {
        let encoded = sample(#"false"#, "true")
            .replacing(#""{\"text\":\"go north\"}""#, with: #""/wA=""#)
        #expect(try Samples.read(encoded).first?.event.data == [0xFF, 0])
    }

    /// As SAM CLI's own sample of such an event has them.
    @Test func claimsWithoutASubject_nameNobody() throws {
        let anonymous = sample(#", "sub": "player_1""#, "")
            .replacing(#""sid": "session_1","#, with: "").replacing(
                #""sid": "session_1""#, with: #""a": "b""#)
        let event = try Samples.read(anonymous).first
        #expect(Samples.claims(event) == nil)
        #expect(Samples.token(event) == "abc.def.ghi")
        let quiet = anonymous.replacing("Bearer abc.def.ghi", with: "")
        guard case .none? = try Samples.read(quiet).first?.event.credential else {
            Issue.record("a credential from nowhere")
            return
        }
    }

    @Test(arguments: ["REQUEST", "TOKEN"])
    func whatAnAuthorizerIsAsked_isNoEvent(_ type: String) {
        let text = sample(#""version": "2.0","#, #""version": "2.0", "type": "\#(type)","#)
        #expect(Samples.complaint(text).hasPrefix("The text is what API Gateway asks a Lambda authorizer"))
    }

    @Test func aMemberThatIsThereTwice_isRefused_alsoWhereOneIsNull() {
        let text = sample(#""sub": "player_1""#, #""sub": null, "sub": "player_1""#)
        #expect(
            Samples.complaint(text).contains("'requestContext.authorizer.jwt.claims.sub' stands there twice"))
    }

    @Test func aBearerToken_countsOnlyWithoutClaims() throws {
        let jwt = try #require(Samples.http.rangeOfAuthorizer)
        let without = Samples.http.replacingCharacters(jwt, "")
        let event = try Samples.read(without).first
        #expect(Samples.claims(event) == nil)
        #expect(Samples.token(event) == "abc.def.ghi")
        let basic = without.replacing("Bearer abc.def.ghi", with: "Basic eDp5")
        guard case .none? = try Samples.read(basic).first?.event.credential else {
            Issue.record("a credential from nowhere")
            return
        }
        let shouted = without.replacing(#""authorization": "Bearer "#, with: #""AUTHORIZATION": "bEARER "#)
        #expect(Samples.token(try Samples.read(shouted).first) == "abc.def.ghi")
        // An IAM authorizer names no player; a Lambda authorizer may.
        let iam = Samples.http.replacingCharacters(jwt, #""authorizer":{"iam":{"userId":"AIDA"}},"#)
        #expect(Samples.token(try Samples.read(iam).first) == "abc.def.ghi")
        let lambda = Samples.http.replacingCharacters(
            jwt, #""authorizer":{"lambda":{"sub":"p","roles":["a b","c"],"exp":17}},"#)
        #expect(
            Samples.claims(try Samples.read(lambda).first)
                == Claims(subject: "p", roles: ["a b", "c"], expiresAt: Timestamp(milliseconds: 17_000)))
    }

    @Test(
        arguments: [
            (#""[gm ops]""#, ["gm", "ops"]), (#""[]""#, []), (#""gm""#, ["gm"]),
            (#""gm, ops""#, ["gm", "ops"]),
            (#""[\"g m\",\"ops\"]""#, ["g m", "ops"]), (#"["g m"]"#, ["g m"]), ("[]", []), ("null", []),
            (#""""#, []),
            (#""[""#, ["["]),
        ] as [(String, [String])])
    func roles_areReadAsAuthorizersWriteThem(_ json: String, _ roles: [String]) throws {
        #expect(Samples.claims(try Samples.read(sample(#""[gm ops]""#, json)).first)?.roles == roles)
    }

    @Test(
        arguments: [
            (#""1767229200""#, 1_767_229_200_000), ("1767229200.25", 1_767_229_200_250),
            (#""1.7672292E9""#, 1_767_229_200_000), ("null", nil), ("1e300", 9_000_000_000_000_000),
        ] as [(String, Int64?)])
    func expiry_isReadAsAuthorizersWriteIt(_ json: String, _ milliseconds: Int64?) throws {
        let claims = Samples.claims(try Samples.read(sample(#""1767229200""#, json)).first)
        #expect(claims?.expiresAt == milliseconds.map(Timestamp.init(milliseconds:)))
    }

    @Test func theStage_isNoPartOfThePath_atTheAPIsOwnAddressOnly() throws {
        func path(_ raw: String, stage: String, domain: String = "x.execute-api.eu-west-1.amazonaws.com")
            throws
            -> Event.Source?
        {
            let text = Samples.http.replacing("/prod/api/player/action", with: raw)
                .replacing(#""stage": "prod""#, with: #""stage": "\#(stage)""#)
                .replacing("r3pmxmplak.execute-api.us-east-2.amazonaws.com", with: domain)
            return try Samples.read(text).first?.event.trigger
        }
        #expect(try path("/prod/x", stage: "prod") == .http(method: "POST", path: "/x"))
        #expect(try path("/prod", stage: "prod") == .http(method: "POST", path: "/"))
        #expect(try path("/prod/", stage: "prod") == .http(method: "POST", path: "/"))
        #expect(try path("/production", stage: "prod") == .http(method: "POST", path: "/production"))
        #expect(try path("/x", stage: "prod") == .http(method: "POST", path: "/x"))
        #expect(
            try path("/prod/x", stage: "prod", domain: "X.Execute-API.EU-WEST-1.AMAZONAWS.COM")
                == .http(method: "POST", path: "/x"))
        #expect(try path("/$default/x", stage: "$default") == .http(method: "POST", path: "/$default/x"))
        #expect(
            try path("/prod/x", stage: "prod", domain: "play.example.com")
                == .http(method: "POST", path: "/prod/x"))
        let mock = sample(#""rawPath": "/prod/api/player/action","#, "")
        #expect(
            try Samples.read(mock).first?.event.trigger == .http(method: "POST", path: "/api/player/action"))
    }

    @Test func aMissingTime_isTheReceivers() throws {
        let text = sample(#""timeEpoch": 1767225604123"#, #""timeEpoch": null"#)
        #expect(try Samples.read(text).first?.event.time == Samples.received)
        #expect(throws: EventFileError(form: .httpEvent, "requestContext.timeEpoch", "is missing")) {
            try Samples.read(text, receivedAt: nil)
        }
        // SAM CLI counts seconds; and no event is from before 2001, 1970 above all.
        let seconds = sample("1767225604123", "1767225604")
        #expect(try Samples.read(seconds).first?.event.time == Timestamp(milliseconds: 1_767_225_604_000))
        for never in ["0", "1", "999999999"] {
            #expect(
                try Samples.read(sample("1767225604123", never)).first?.event.time == Samples.received)
        }
        let shifted = sample("1767225604123", "1.767225604123E12")
        #expect(try Samples.read(shifted).first?.event.time == Timestamp(milliseconds: 1_767_225_604_123))
    }

    @Test(arguments: [
        (#""version": "2.0""#, #""version": "3.0""#, "version", "must be \"2.0\""),
        (#""version": "2.0""#, #""version": 2.0"#, "version", "must be a string"),
        (#""method": "POST","#, "", "requestContext.http.method", "is missing"),
        (#""method": "POST""#, #""method": """#, "requestContext.http.method", "must not be empty"),
        (#""rawPath": "/prod"#, #""rawPath": "prod"#, "rawPath", "must start with '/'"),
        (
            #""sourceIp": "203.0.113.7""#, #""sourceIp": 7"#, "requestContext.http.sourceIp",
            "must be a string"
        ),
        (
            "1767225604123", "\"1767225604123\"", "requestContext.timeEpoch",
            "must be whole milliseconds since 1970, up to the year 9999"
        ),
        (
            "1767225604123", "0.5", "requestContext.timeEpoch",
            "must be whole milliseconds since 1970, up to the year 9999"
        ),
        (
            "1767225604123", "-1", "requestContext.timeEpoch",
            "must be whole milliseconds since 1970, up to the year 9999"
        ),
        (
            "1767225604123", "1e99", "requestContext.timeEpoch",
            "must be whole milliseconds since 1970, up to the year 9999"
        ),
        (#""requestId": "JKJaXmPLvHcESHA=","#, "", "requestContext.requestId", "is missing"),
        (
            #""sub": "player_1""#, #""sub": """#, "requestContext.authorizer.jwt.claims.sub",
            "must have 1 to 128 bytes"
        ),
        (#""claims": {"#, #""claim": {"#, "requestContext.authorizer.jwt.claims", "is missing"),
        (
            #""[gm ops]""#, "[1]", "requestContext.authorizer.jwt.claims.roles",
            "must be an array of strings, or such a list in a string"
        ),
        (
            #""1767229200""#, #""tomorrow""#, "requestContext.authorizer.jwt.claims.exp",
            "must be seconds since 1970"
        ),
        (#""1767229200""#, "true", "requestContext.authorizer.jwt.claims.exp", "must be seconds since 1970"),
        ("false", "true", "body", "must be base64, as 'isBase64Encoded' says"),
        ("false", "\"no\"", "isBase64Encoded", "must be true or false"),
        (#""body": ""#, #""body": {}, "x": ""#, "body", "must be a string"),
        (
            #""x-forwarded-for": "203.0.113.7""#, #""x-forwarded-for": []"#, "headers.x-forwarded-for",
            "must be a string"
        ),
        (#""stage": "prod""#, #""stage": {}"#, "requestContext.stage", "must be a string"),
        (#""accountId": "#, #""stage": "#, "requestContext.stage", "stands there twice"),
    ])
    func whatIsWrong_isNamed(_ old: String, _ new: String, _ member: String, _ reason: String) {
        // What an object says twice is seen before its form is.
        let form: ForeignEvent.Form? = reason == "stands there twice" ? nil : .httpEvent
        #expect(throws: EventFileError(form: form, member, reason)) { try Samples.read(sample(old, new)) }
    }
}

extension String {
    /// The member `authorizer` of the sample, with the comma behind it.
    fileprivate var rangeOfAuthorizer: Range<String.Index>? {
        guard let lower = firstRange(of: #""authorizer": {"#)?.lowerBound,
            let end = self[lower...].firstRange(of: "\n    },")
        else { return nil }
        return lower..<end.upperBound
    }

    fileprivate func replacingCharacters(_ range: Range<String.Index>, _ text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
