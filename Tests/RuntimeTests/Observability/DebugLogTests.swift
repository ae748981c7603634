import Runtime
import Synchronization
import TestSupport
import Testing

/// `LOG_LEVEL=DEBUG` tells more than INFO does.
@Suite struct DebugLogTests {
    private static let texts = [
        #""level":"debug","message":"Invocation begins","function":"probe","trigger":"direct","bytes":15"#,
        #""level":"debug","message":"What it read has changed: it runs again","function":"probe""#,
        #""level":"info","message":"Invocation processed""#,
    ]

    /// One invocation whose record another one changes while it runs.
    private func lines(_ environment: [String: String]) async throws -> [String] {
        let (entered, gate) = (Gate(), Gate())
        let runs = Mutex(0)
        let runtime = try TestRuntime(
            [.probe()],
            Probe { input, context in
                var counter = try await context.read(Counter.self, "c") ?? Counter(id: "c", value: 0)
                if input.text == "other" { return try save(&counter, context) }
                let isFirst = runs.withLock { runs in
                    runs += 1
                    return runs == 1
                }
                if isFirst {
                    entered.open()
                    await gate.wait()
                }
                return try save(&counter, context)
            }, environment: environment)
        let slow = Task {
            // Also where it never begins: then the rest fails, and nothing waits for ever.
            defer { entered.open() }
            return try await runtime.invoke(runtime.event(#"{"text":"slow"}"#))
        }
        await entered.wait()
        #expect(try await runtime.invoke(runtime.event(#"{"text":"other"}"#)).isSuccess)
        gate.open()
        #expect(try await slow.value.isSuccess)
        return runtime.lines.all
    }

    private func save(_ counter: inout Counter, _ context: Context) throws -> [String: String] {
        counter.value += 1
        try context.save(counter)
        return [:]
    }

    @Test func debug_tellsThatOneBegins_andThatItRunsAgain() async throws {
        let lines = try await lines(["LOG_LEVEL": "DEBUG"])
        #expect(lines.count == 5)
        for text in Self.texts {
            #expect(lines.contains { $0.contains(text) && $0.contains(#""request_id":""#) }, "\(text)")
        }
    }

    @Test func info_tellsEachInvocationOnce() async throws {
        let lines = try await lines([:])
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains(Self.texts[2]) })
    }
}
