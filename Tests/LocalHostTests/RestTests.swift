import Runtime
import Testing

@testable import LocalHost

/// What is large is paid for in time: a connection rests behind it, and loses nothing.
@Suite struct RestTests {
    @Test func behindLargeMessages_aConnectionRests_andGoesOnInOrder() async throws {
        var limits = HostLimits()
        limits.costPerSecond = 2 << 20
        let length = Route("length", on: .socket(event: "length"), limits: Limits(body: 1 << 20)) {
            input, _ in
            if case .string(let text) = input { .integer(Int64(text.utf8.count)) } else { .null }
        }
        try await serve([length], limits: limits) { server in
            let (socket, other) = (try server.socket(), try server.socket())
            for id in 1...3 {
                try socket.send("42\(id)[\"length\",\"\(String(repeating: "x", count: id * 100_000))\"]")
            }
            // Others are not held up by it.
            try other.send(#"429["length","abc"]"#)
            #expect(try other.text() == "439[3]")
            for id in 1...3 { #expect(try socket.text() == "43\(id)[\(id * 100_000)]") }
        }
    }
}
