import Wire

/// What a parser made of some bytes; pieces of a content as one.
private struct ResponseReading: Equatable {
    var responses: [HTTPResponse] = []
    var keepsAlive: [Bool] = []
    var ended = 0
    var failure: HTTPResponseError?

    init(_ pieces: [ArraySlice<UInt8>], _ limits: HTTPLimits, _ tolerance: HTTPResponseParser.Tolerance) {
        var parser = HTTPResponseParser(limits: limits, tolerating: tolerance)
        for piece in pieces {
            parser.append(piece)
            read(&parser)
            require(parser.bufferedBytes <= limits.headerBytes + limits.chunkLineBytes + 16, "little is kept")
        }
        guard failure == nil, !parser.isBetweenResponses else { return }
        parser.finish()
        read(&parser, isOver: true)
    }

    private mutating func read(_ parser: inout HTTPResponseParser, isOver: Bool = false) {
        do throws(HTTPResponseError) {
            while true {
                switch try parser.next() {
                case .needMore: return
                case .head(let head):
                    responses.append(HTTPResponse(status: head.status, headers: head.headers))
                    keepsAlive.append(head.keepsAlive)
                case .content(let content):
                    require(!content.isEmpty, "content has a byte at least")
                    responses[responses.count - 1].body += content
                case .end:
                    ended += 1
                    if isOver, parser.isBetweenResponses { return }
                }
            }
        } catch { failure = error }
    }
}

/// Responses: the same at each cut, within the limits, and the same again when they are written anew.
func fuzzResponses(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let tight = HTTPLimits(
        headerBytes: 128, headerCount: 4, bodyBytes: 32, chunkLineBytes: 16, chunkExtensionBytes: 16,
        trailerBytes: 32, leadingEmptyLines: 1)
    for limits in [HTTPLimits.response, tight] {
        for tolerance in [HTTPResponseParser.Tolerance(), [.upgrade, .looseLines]] {
            let ways = Pieces.ways(bytes)
            let whole = ResponseReading(ways[0], limits, tolerance)
            for way in ways.dropFirst() {
                require(ResponseReading(way, limits, tolerance) == whole, "a cut changes nothing")
            }
            require(
                (0...1).contains(whole.responses.count - whole.ended), "only the last may be no whole one")
            for (index, response) in whole.responses.enumerated() {
                require(response.body.count <= limits.bodyBytes, "a content is within its limit")
                require(
                    response.headers.fields.count <= limits.headerCount, "the fields are within their limit")
                require(
                    response.status == 101 || (200...599).contains(response.status), "a status is a final one"
                )
                if index < whole.ended { readAgain(response) }
            }
        }
    }
}

private func readAgain(_ response: HTTPResponse) {
    var bytes: [UInt8] = []
    response.encode(into: &bytes, toHead: false, keepAlive: true, date: "")
    var limits = HTTPLimits.response
    limits.headerBytes += 64
    let again = ResponseReading([bytes[...]], limits, .upgrade)
    require(again.failure == nil && again.ended == 1, "what was read can be read again")
    guard let copy = again.responses.first else { return }
    let hasContent = ![101, 204, 205, 304].contains(response.status)
    require(
        copy.status == response.status && copy.body == (hasContent ? response.body : []),
        "what is read again is the same")
}
