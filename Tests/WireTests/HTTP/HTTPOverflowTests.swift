import Base
import Testing
import Wire

/// A body beyond the limit that is taken and dropped: the same wherever the bytes are cut, and the next request is read.
@Suite struct HTTPOverflowTests {
    private static let next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let head = "POST /a HTTP/1.1\r\nHost: a\r\n"

    private func requests(_ pieces: [ArraySlice<UInt8>], limit: Int, drops: Bool = true) throws
        -> [HTTPRequest]
    {
        var limits = HTTPLimits.standard
        limits.bodyBytes = limit
        var parser = HTTPRequestParser(limits: limits)
        parser.dropsOverflow = drops
        var requests: [HTTPRequest] = []
        for piece in pieces {
            parser.append(piece)
            loop: while true {
                switch try parser.next() {
                case .needMore: break loop
                case .head: continue
                case .request(let request): requests.append(request)
                }
            }
            #expect(parser.heldBytes <= limit + piece.count + 128, "nothing is kept of what is dropped")
        }
        return requests
    }

    private static let bodies = [
        head + "Content-Length: 20\r\n\r\n" + String(repeating: "x", count: 20),
        head + "Transfer-Encoding: chunked\r\n\r\n14\r\n" + String(repeating: "x", count: 20)
            + "\r\n0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n4\r\nxxxx\r\n0\r\n\r\n",
    ]

    @Test(arguments: bodies)
    func itIsCut_whereverTheBytesAreCut(_ request: String) throws {
        let bytes = Array((request + Self.next).utf8)
        for cut in 0...bytes.count {
            let requests = try requests([bytes[..<cut], bytes[cut...]], limit: 10)
            #expect(requests.map(\.path) == ["/a", "/next"], "cut at \(cut)")
            #expect(requests.map(\.isCut) == [true, false], "cut at \(cut)")
            #expect(requests.allSatisfy { $0.body.isEmpty }, "cut at \(cut)")
        }
        let single = try requests(bytes.indices.map { bytes[$0...$0] }, limit: 10)
        #expect(single.map(\.isCut) == [true, false])
    }

    @Test(arguments: bodies)
    func whatFits_isWhole(_ request: String) throws {
        let bytes = Array((request + Self.next).utf8)
        for cut in 0...bytes.count {
            let requests = try requests([bytes[..<cut], bytes[cut...]], limit: 20)
            #expect(requests.map(\.isCut) == [false, false], "cut at \(cut)")
            #expect(requests.first?.body.count == 20, "cut at \(cut)")
        }
    }

    @Test(arguments: bodies)
    func whereItIsNotDropped_itIsRefused(_ request: String) {
        let error = #expect(throws: HTTPParseError.self) {
            try requests([Array(request.utf8)[...]], limit: 10, drops: false)
        }
        #expect(error?.status == 413)
    }
}
