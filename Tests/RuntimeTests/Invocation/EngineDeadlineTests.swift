import Ledger
import Base
import Runtime
import Synchronization
import Testing
import TestSupport

@Suite struct EngineDeadlineTests {
    @Test func aFunctionThatMinds_isCancelled() async throws {
        let cancelled = Gate()
        let runtime = try TestRuntime(
            [.probe(.authenticated, Limits(timeout: .seconds(7), concurrency: 1))],
            Probe { input, _ in
                guard input.text == "wait" else { return [:] }
                // A stream that nobody feeds ends when the task is cancelled.
                for await _ in AsyncStream<Void>.makeStream().stream {}
                if Task.isCancelled { cancelled.open() }
                try Task.checkCancellation()
                return [:]
            })
        let slow = Task { try await runtime.invoke(runtime.event(#"{"text":"wait"}"#)) }
        await runtime.timers.fire()
        let outcome = try await slow.value
        #expect(outcome.status == 504)
        #expect(outcome.problem?.detail == "The function may take 7.0 seconds. Nothing was changed.")
        await cancelled.wait()
        #expect(try await runtime.invokeWhenFree(runtime.event()).status == 202)
        #expect(runtime.timers.delays.isEmpty)
    }

    @Test func aFunctionThatDoesNot_isAnsweredAtOnce_andKeepsItsPlaceUntilItEnds() async throws {
        let gate = Gate()
        let runtime = try TestRuntime(
            [.probe(.authenticated, Limits(concurrency: 1))],
            Probe { input, context in
                guard input.text == "stubborn" else { return [:] }
                await gate.wait()
                try context.save(Counter(id: "late", value: 1))
                return [:]
            })
        let slow = Task { try await runtime.invoke(runtime.event(#"{"text":"stubborn"}"#)) }
        await runtime.timers.fire()
        #expect(try await slow.value.status == 504)
        for _ in 0..<3 {
            let refused = try await runtime.invoke(runtime.event())
            #expect(refused.status == 503)
            #expect(refused.problem?.detail == "Too many invocations at once.")
        }
        gate.open()
        #expect(try await runtime.invokeWhenFree(runtime.event()).status == 202)
        #expect(try await runtime.state.record(kind: "counter", id: "late") == nil)
        // Only one place came back.
        #expect(runtime.timers.delays.isEmpty)
    }

    @Test func aCallerWhoGoes_cancelsTheFunction() async throws {
        let entered = Gate()
        let runtime = try TestRuntime(
            [.probe(.authenticated, Limits(concurrency: 1))],
            Probe { input, context in
                guard input.text == "wait" else { return [:] }
                try context.save(Counter(id: "c", value: 1))
                entered.open()
                for await _ in AsyncStream<Void>.makeStream().stream {}
                try Task.checkCancellation()
                return [:]
            })
        let gone = Task { try await runtime.invoke(runtime.event(#"{"text":"wait"}"#)) }
        await entered.wait()
        gone.cancel()
        let outcome = try await gone.value
        #expect(outcome.status == 503)
        #expect(outcome.problem?.detail == "The invocation was cancelled; nothing was changed.")
        #expect(try await runtime.state.record(kind: "counter", id: "c") == nil)
        #expect(try await runtime.invokeWhenFree(runtime.event()).status == 202)
    }

    @Test func manyAtOnce_eachGetTheirOwnAnswer() async throws {
        let runtime = try TestRuntime(
            [.probe(.authenticated, Limits(concurrency: 8))], Probe { input, _ in ["text": input.text] })
        let seen = await withTaskGroup(of: Int.self) { group in
            for index in 0..<200 {
                let event = runtime.event("{\"text\":\"t\(index)\"}", id: "req_\(index)")
                group.addTask {
                    guard let outcome = try? await runtime.invoke(event) else { return 0 }
                    if outcome.isSuccess { #expect(outcome.json == "{\"text\":\"t\(index)\"}") }
                    return outcome.status
                }
            }
            var counts: [Int: Int] = [:]
            for await status in group { counts[status, default: 0] += 1 }
            return counts
        }
        #expect((seen[202] ?? 0) + (seen[503] ?? 0) == 200)
        #expect(runtime.timers.delays.isEmpty)
        #expect(try await runtime.invokeWhenFree(runtime.event()).status == 202)
    }
}
