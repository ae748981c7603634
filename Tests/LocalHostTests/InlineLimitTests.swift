import Base
import FoundationEssentials
@testable import LocalHost
import Runtime
import Testing
import TestSupport

/// The rows of the table of limits that apply to functions in the host's process; Tests/EndToEnd/test_limits.py holds the
/// others.
@Suite struct InlineLimitTests {
    private struct Table: Decodable {
        let rows: [Row]
        struct Row: Decodable {
            let `do`: String?
            let inline: Expectation?
        }
        struct Expectation: Decodable {
            let status: Int
            let kind: String?
            let words: String

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                status = try list.decode(Int.self)
                kind = try list.decodeNil() ? nil : list.decode(String.self)
                words = try list.decode(String.self)
            }
        }
    }

    private struct Mood: Error {}

    @Test func whatOneDoes_isToldItsCaller_andNobodyElseNotices() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "EndToEnd/functions/limits.json")
        let table = try JSONDecoder().decode(Table.self, from: Data(contentsOf: file))
        let rows = table.rows.filter { $0.inline != nil }
        #expect(rows.count >= 3)
        let ending = Gate()
        let deeds: [String: Body] = [
            "nothing": { _, _ in .null },
            "sleep": { _, _ in
                await ending.pass()
                return .null
            },
            "fail": { _, _ in throw Mood() },
        ]
        let routes = deeds.map { name, body in
            Route(
                name, on: .http(method: "POST", path: "/\(name)"), limits: Limits(timeout: .seconds(1)),
                body: body)
        }
        try await serve(routes) { server in
            for row in rows {
                let (name, expected) = (try #require(row.do), try #require(row.inline))
                let caller = try server.client()
                try caller.send(request("POST", "/\(name)"))
                for _ in 0..<10 { #expect(try server.client().exchange("POST", "/nothing").status == 200) }
                let answer = try caller.response()
                #expect(answer.status == expected.status, "\(name): \(answer)")
                for word in [expected.kind.map { "urn:problem-type:\($0)" }, expected.words] {
                    #expect(word?.isEmpty != false || answer.text.contains(word ?? ""), "\(name): \(answer)")
                }
            }
            ending.open()
        }
    }
}
