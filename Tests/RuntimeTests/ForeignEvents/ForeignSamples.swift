import Base
@testable import ForeignEvents
@testable import Functions
import Runtime

/// Events as production writes them down.
enum ForeignSamples {
    static let received = Timestamp(milliseconds: 1_767_225_600_000)

    static let cloudEvent =
        #"{"specversion":"1.0","id":"e-1","source":"/shop","type":"com.example.made","time":"2026-01-01T00:00:01Z","data":{"n":1.0}}"#

    static let batch = """
        [
          \(cloudEvent),
          {"specversion":"1.0","id":"e-2","source":"/http","type":"app.gestaloka.http","httpmethod":"POST",
           "httppath":"/api/session","time":"2026-01-01T00:00:02Z","authid":"player_2",
           "datacontenttype":"text/plain","data":"hé"}
        ]

        """

    static let binary = """
        POST /api/player/action?x=1 HTTP/1.1
        Host: play.example.com
        CE-SpecVersion: 1.0
        ce-type: com.example.made
        ce-time: 2026-01-01T00:00:03Z
        ce-id: Euro%20%E2%82%AC%20%f0%9f%98%80
        ce-source: "/a \\"b\\" c"
        ce-count: 5
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
        Authorization: Bearer abc.def.ghi
        Content-Type: application/json; charset=utf-8
        Content-Length: 19

        {"text":"go north"}
        """

    /// The documentation's example with a caller, a stage and a query.
    static let http = #"""
        {
          "version": "2.0",
          "routeKey": "POST /api/player/action",
          "rawPath": "/prod/api/player/action",
          "rawQueryString": "a=1&a=2&b=x%20y+z",
          "cookies": ["cookie1", "cookie2"],
          "headers": {
            "content-type": "application/json",
            "authorization": "Bearer abc.def.ghi",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "203.0.113.7"
          },
          "queryStringParameters": {"a": "1,2", "b": "x y z"},
          "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "authorizer": {
              "jwt": {
                "claims": {
                  "aud": "gestaloka", "exp": "1767229200", "iss": "https://example.com", "roles": "[gm ops]",
                  "sid": "session_1", "sub": "player_1"
                },
                "scopes": ["play"]
              }
            },
            "domainName": "r3pmxmplak.execute-api.us-east-2.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {
              "method": "POST", "path": "/prod/api/player/action", "protocol": "HTTP/1.1",
              "sourceIp": "203.0.113.7", "userAgent": "curl/8.5.0"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /api/player/action",
            "stage": "prod",
            "time": "01/Jan/2026:00:00:04 +0000",
            "timeEpoch": 1767225604123
          },
          "stageVariables": null,
          "body": "{\"text\":\"go north\"}",
          "isBase64Encoded": false
        }
        """#

    static let connect = #"""
        {
          "headers": {
            "Host": "abcdef123.execute-api.us-east-1.amazonaws.com",
            "Sec-WebSocket-Key": "X/MA+DSRXZ8WnITjBpxm3g==",
            "X-Forwarded-For": "203.0.113.0"
          },
          "multiValueHeaders": {"Host": ["abcdef123.execute-api.us-east-1.amazonaws.com"]},
          "queryStringParameters": {"token": "abc.def.ghi", "room": "inn"},
          "multiValueQueryStringParameters": {"token": ["abc.def.ghi"], "room": ["inn"]},
          "requestContext": {
            "routeKey": "$connect", "disconnectStatusCode": null, "messageId": null, "eventType": "CONNECT",
            "extendedRequestId": "XfGLwFTktjMFsLg=", "requestTime": "01/Jan/2026:00:00:05 +0000",
            "messageDirection": "IN", "stage": "dev", "connectedAt": 1767225605000,
            "requestTimeEpoch": 1767225605001,
            "identity": {"cognitoIdentityPoolId": null, "sourceIp": "::ffff:203.0.113.9", "userAgent": null},
            "requestId": "XfGLwFTktjMFsLg=", "domainName": "abcdef123.execute-api.us-east-1.amazonaws.com",
            "connectionId": "XfGLwdx2tjMCJhw=", "apiId": "abcdef123"
          },
          "isBase64Encoded": false
        }
        """#

    static let message =
        #"{"requestContext":{"routeKey":"player_action","messageId":"M","eventType":"MESSAGE","requestTimeEpoch":1767225606000,"requestId":"m-1","domainName":"ws.example.com","connectionId":"C=","authorizer":{"principalId":"player_1","sid":"session_1","roles":"gm,ops","exp":1767229200.5},"identity":{"sourceIp":"203.0.113.9"}},"body":"{\"action\":\"player_action\",\"text\":\"hi\"}","isBase64Encoded":false}"#

    static let disconnect =
        #"{"headers":{"Host":"h"},"requestContext":{"routeKey":"$disconnect","eventType":"DISCONNECT","disconnectStatusCode":1001,"disconnectReason":"Going away","requestTimeEpoch":1767225607000,"requestId":"d-1","connectionId":"C=","authorizer":{"principalId":"player_1","sid":"session_1","exp":1},"identity":{"sourceIp":"203.0.113.9"}},"isBase64Encoded":false}"#

    static func read(_ text: String, receivedAt: Timestamp? = received) throws(EventFileError)
        -> [ForeignEvent]
    {
        try EventFile.events(in: Array(text.utf8), receivedAt: receivedAt)
    }

    /// What is wrong with a text, in words; empty where nothing is.
    static func complaint(_ text: String) -> String {
        do throws(EventFileError) {
            _ = try read(text)
            return ""
        } catch { return error.description }
    }

    static func claims(_ event: ForeignEvent?) -> Claims? {
        if case .verified(let claims) = event?.event.credential { claims } else { nil }
    }

    static func token(_ event: ForeignEvent?) -> String? {
        if case .token(let token) = event?.event.credential { token } else { nil }
    }
}
