import Ledger
import Runtime
import Testing
import TestSupport

@Suite struct BroadcastTests {
    private func broadcast(_ data: String, _ runtime: TestRuntime, roles: [String] = ["ops"]) async throws
        -> Outcome
    {
        try await runtime.invoke(
            runtime.event(
                data, as: "operator", roles: roles, trigger: .http(method: "POST", path: "/api/broadcast")),
            "broadcast")
    }

    @Test func anEvent_goesToEveryoneInTheRoom() async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await broadcast(
            #"{"room":"location:tavern","event":"notice","data":{"text":"Closing","n":[1,2.5,null]}}"#,
            runtime)
        #expect(outcome.status == 202)
        #expect(outcome.json == #"{"event":"notice","room":"location:tavern"}"#)
        #expect(
            outcome.emits == [
                Emit(
                    rooms: ["location:tavern"], event: "notice",
                    json: #"{"n":[1,2.5,null],"text":"Closing"}"#)
            ])
    }

    @Test(arguments: [#"{"room":"r","event":"e"}"#, #"{"room":"r","event":"e","data":null}"#])
    func withoutData_nullIsSent(_ data: String) async throws {
        let runtime = try TestRuntime.game()
        #expect(try await broadcast(data, runtime).emits.map(\.json) == ["null"])
    }

    @Test func onlyOperators_mayBroadcast() async throws {
        let runtime = try TestRuntime.game()
        let data = #"{"room":"r","event":"e"}"#
        #expect(try await broadcast(data, runtime, roles: []).status == 403)
        #expect(try await broadcast(data, runtime, roles: ["player", "OPS", "ops "]).status == 403)
        #expect(try await runtime.invoke(runtime.event(data, as: nil), "broadcast").status == 401)
    }

    @Test(arguments: [
        (#"{"event":"e"}"#, "/room"), (#"{"room":"","event":"e"}"#, "/room"),
        (#"{"room":"a\nb","event":"e"}"#, "/room"), (#"{"room":7,"event":"e"}"#, "/room"),
        (#"{"room":"r"}"#, "/event"), (#"{"room":"r","event":""}"#, "/event"),
        (#"{"room":"r","event":"connect"}"#, "/event"), (#"{"room":"r","event":"disconnect"}"#, "/event"),
    ])
    func aFieldThatIsWrong_isNamed(_ data: String, _ pointer: String) async throws {
        let runtime = try TestRuntime.game()
        let outcome = try await broadcast(data, runtime)
        #expect(outcome.status == 422)
        #expect(outcome.problem?.errors.map(\.pointer) == [pointer])
        #expect(outcome.unit == UnitOfWork())
    }

    @Test func namesThatAreTooLong_areRefused() async throws {
        let runtime = try TestRuntime.game()
        let long = String(repeating: "x", count: 257)
        #expect(try await broadcast(#"{"room":"\#(long)","event":"e"}"#, runtime).status == 422)
        #expect(try await broadcast(#"{"room":"r","event":"\#(long)"}"#, runtime).status == 422)
    }
}
