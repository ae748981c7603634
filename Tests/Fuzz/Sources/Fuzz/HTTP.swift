import Base
import Wire

/// What a parser made of some bytes.
private struct HTTPReading: Equatable {
    var heads: [HTTPRequest] = []
    var requests: [HTTPRequest] = []
    var failure: HTTPParseError?

    init(_ pieces: [ArraySlice<UInt8>], _ limits: HTTPLimits) {
        var parser = HTTPRequestParser(limits: limits)
        let most =
            limits.requestLineBytes + limits.headerBytes + limits.bodyBytes + limits.chunkLineBytes
            + limits.trailerBytes + 16
        for piece in pieces {
            parser.append(piece)
            do throws(HTTPParseError) {
                steps: while true {
                    switch try parser.next() {
                    case .needMore: break steps
                    case .head(let head): heads.append(head)
                    case .request(let request): requests.append(request)
                    }
                }
            } catch { failure = error }
            require(parser.bufferedBytes <= most, "no more is kept than the limits say")
        }
    }
}

/// Requests: the same at each cut, within the limits, and the same again when they are written anew.
func fuzzHTTP(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let tight = HTTPLimits(
        requestLineBytes: 64, headerBytes: 128, headerCount: 4, bodyBytes: 32, chunkLineBytes: 16,
        chunkExtensionBytes: 16, trailerBytes: 32, leadingEmptyLines: 1)
    for limits in [HTTPLimits.standard, tight] {
        let ways = Pieces.ways(bytes)
        let whole = HTTPReading(ways[0], limits)
        for way in ways.dropFirst() {
            require(HTTPReading(way, limits) == whole, "a cut changes nothing")
        }
        require(whole.heads.count - whole.requests.count <= 1, "each request has one head")
        for (head, request) in zip(whole.heads, whole.requests) {
            var bodiless = request
            bodiless.body = []
            require(bodiless == head, "the head is that of the request")
            check(request, limits)
        }
    }
    _ = try? WebSocketHandshake.check(HTTPRequest(method: "GET", target: "/", path: "/"))
    for request in HTTPReading([bytes[...]], .standard).requests { readFields(of: request) }
}

private func check(_ request: HTTPRequest, _ limits: HTTPLimits) {
    require(request.body.count <= limits.bodyBytes, "a body is within its limit")
    require(request.target.utf8.count <= limits.requestLineBytes, "a target is within its limit")
    require(request.headers.fields.count <= limits.headerCount, "the fields are within their limit")
    require(request.minorVersion == 0 || request.minorVersion == 1, "versions are 1.0 or 1.1")
    var text = "\(request.method) \(request.target) HTTP/1.\(request.minorVersion)\r\n"
    for field in request.headers.fields {
        for byte in (field.name + field.value).utf8 {
            require(byte != 0 && byte != 0x0a && byte != 0x0d, "no field has the end of a line in it")
        }
        switch field.name.lowercased() {
        case "content-length", "transfer-encoding": continue
        default: text += "\(field.name): \(field.value)\r\n"
        }
    }
    text += "Content-Length: \(request.body.count)\r\n\r\n"
    var again = HTTPLimits.standard
    again.headerCount += 1
    again.headerBytes += 64
    let reading = HTTPReading([(Array(text.utf8) + request.body)[...]], again)
    require(reading.failure == nil && reading.requests.count == 1, "what was read can be read again")
    guard let copy = reading.requests.first else { return }
    require(
        copy.method == request.method && copy.target == request.target && copy.path == request.path
            && copy.query == request.query && copy.host == request.host && copy.body == request.body
            && copy.keepsAlive == request.keepsAlive && copy.expectsContinue == request.expectsContinue,
        "what is read again is the same")
}

/// The readers of single fields, on whatever a client sends.
private func readFields(of request: HTTPRequest) {
    _ = request.queryItems()
    _ = WebSocketHandshake.isRequested(by: request)
    _ = try? WebSocketHandshake.check(request)
    _ = WebSocketHandshake.subprotocols(offeredBy: request)
    _ = HTTPAuthorization.bearerToken(request.headers["Authorization"])
    if let agreed = PerMessageDeflate.negotiate(request.headers) {
        require(PerMessageDeflate.windowBits.contains(agreed.serverWindowBits), "the window is one of zlib's")
        require(PerMessageDeflate.windowBits.contains(agreed.clientWindowBits), "the window is one of zlib's")
    }
}
