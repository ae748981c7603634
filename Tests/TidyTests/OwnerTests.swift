import Testing

/// What each owner within LocalHost may not know (ARCHITECTURE.md, Invariants).
@Suite struct OwnerTests {
    /// By the beginning of a file's path, the words that its code does not have.
    static let unknown: [(path: String, words: [String], why: String)] = [
        (
            "Sources/LocalHost/Net/", ["HostLimits", "Transport", "Session", "Socket"],
            "the loop knows nothing of what it carries"
        ),
        (
            "Sources/LocalHost/Transport/",
            [
                "HTTPConnection", "HTTPRequest", "HTTPResponse", "Session", "Sessions", "Socket",
                "WebSocketChannel",
            ],
            "a transport knows its speaker, and not what is said"
        ),
        (
            "Sources/LocalHost/Triggers/Sockets/EngineSession", ["state"], "a session knows no store"
        ),
        ("Sources/LocalHost/Triggers/Sockets/PlainSession", ["state"], "a session knows no store"),
        ("Sources/LocalHost/Triggers/Sockets/Session", ["state"], "a session knows no store"),
        (
            "Sources/LocalHost/Triggers/Sockets/Socket", ["Transport", "output", "frames"],
            "what a socket is told, its session writes"
        ),
        (
            "Sources/LocalHost/Triggers/Queue/", ["HTTPConnection", "Session", "Socket", "Transport"],
            "queues know no sockets"
        ),
        ("Sources/LocalHost/Triggers/HTTP/", ["Socket", "SocketHub"], "HTTP knows sessions, and no sockets"),
    ]

    static func findings(_ file: SourceFile) -> [String] {
        unknown.filter { file.path.hasPrefix($0.path) }.flatMap { rule in
            file.code.flatMap { line in
                rule.words.filter(line.text.mentions).map {
                    "\(file.path):\(line.number): \($0): \(rule.why)"
                }
            }
        }
    }

    @Test func owners_knowOnlyTheirOwn() {
        for finding in SourceTree.files(under: "Sources/LocalHost/").flatMap(Self.findings) {
            Issue.record("\(finding)")
        }
    }

    @Test func eachRule_isOfFilesThatAreThere() {
        for rule in Self.unknown {
            #expect(
                SourceTree.files(under: "Sources/LocalHost/").contains { $0.path.hasPrefix(rule.path) },
                "\(rule.path)")
        }
    }

    /// A further kind of trigger is a folder; a host is not cut into files again.
    @Test func host_isOneFile() {
        let files = SourceTree.files(under: "Sources/LocalHost/").filter { $0.path.contains("/Host+") }
        #expect(files.map(\.path) == [])
    }

    @Test func canary_transportThatKnowsASession_isFound() {
        let text = "final class A {\n    // of a Session\n    let session: Session\n}\n"
        let file = SourceFile(path: "Sources/LocalHost/Transport/A.swift", text: text)
        #expect(Self.findings(file).count == 1)
    }
}
