import TestSupport
import Testing
import Wire

@Suite struct HTTPFuzzTests {
    static let seed: UInt64 = 0x6765_7374_616C_6F6B

    static let valid: [String] = [
        "GET /api/%E5%9F%8E?a=1&b=%20+c HTTP/1.1\r\nHost: localhost:8000\r\nAccept: */*\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\nhello world"
            + "GET /n HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "POST http://a/b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\n",
    ]

    @Test func mutatedRequests_neverTrap_andStayWithinLimits() {
        var generator = SplitMix64(seed: Self.seed)
        let limits = HTTPLimits(requestLineBytes: 60, headerBytes: 80, headerCount: 4, bodyBytes: 12)
        for round in 0..<6000 {
            let input = mutated(
                Array((Self.valid.randomElement(using: &generator) ?? "").utf8), with: &generator)
            let whole = HTTPParsing([input[...]], limits: limits)
            let split = HTTPParsing(pieces(of: input, with: &generator), limits: limits)
            let note: Comment = "seed \(Self.seed), round \(round)"
            #expect(split == whole, note)
            for request in whole.requests {
                #expect(request.body.count <= 12, note)
                #expect(request.target.utf8.count <= 60, note)
                #expect(request.headers.fields.count <= 4, note)
                _ = request.queryItems()
                var output: [UInt8] = []
                HTTPResponse(status: 200, headers: request.headers, body: request.body)
                    .encode(into: &output, toHead: false, keepAlive: request.keepsAlive, date: request.path)
            }
        }
    }

    @Test func smallPieces_areTakenIn_inLinearTime() {
        let body = String(repeating: "x", count: 1_000_000)
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        let bytes = Array(text.utf8)
        let split = stride(from: 0, to: bytes.count, by: 7).map { bytes[$0..<min($0 + 7, bytes.count)] }
        #expect(HTTPParsing(split).requests.first?.body.count == 1_000_000)
    }
}
