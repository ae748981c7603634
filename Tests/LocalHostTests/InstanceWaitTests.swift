import Base
import FoundationEssentials
@testable import LocalHost
import Runtime
import Testing
import TestSupport
import Wire

/// A process that waits for its next event: the test speaks for it, at the address that it was told.
@Suite struct InstanceWaitTests {
    /// Starts a function of one process, which writes down the address of its Runtime API, and no more.
    private static func serve(
        limits: HostLimits, instances: InstanceSettings, timeout: Duration = .seconds(60),
        _ body: @escaping @Sendable (Server, _ address: Int) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory()
        let note = folder.file("address")
        var route = Route(
            "waits", on: .http(method: "POST", path: "/waits"), limits: Limits(timeout: timeout))
        route.entry.command = ["/bin/sh"]
        route.entry.isolation = .process
        route.entry.instances = instances
        let script = "echo $AWS_LAMBDA_RUNTIME_API > \(note).new; mv \(note).new \(note); exec sleep 3600"
        let programs = InstancePrograms(temporaryParent: folder.path, tellsErrors: true) { _ in
            InstanceProgram(
                arguments: ["/bin/sh", "-c", script],
                environment: ["PATH": "/usr/bin:/bin"], directory: folder.path)
        }
        route.entry.limits.process.processes = 2
        route.entry.limits.process.response = 64 << 10
        let routes = [route]
        try await offPool {
            let server = try await Server(routes, limits: limits, programs: programs)
            do {
                await server.wait { _ in FileManager.default.fileExists(atPath: note) }
                let bytes = try #require(FileManager.default.contents(atPath: note))
                let address = String(decoding: bytes, as: UTF8.self)
                let port = try #require(address.split(separator: ":").last.flatMap { Int($0.dropLast()) })
                try await body(server, port)
            } catch {
                await server.close()
                throw error
            }
            await server.close()
        }
    }

    private static let next = request("GET", "/2018-06-01/runtime/invocation/next")

    private static func answer(_ api: Client, to event: Client.Response, _ body: String) throws -> Int {
        let id = event.headers["Lambda-Runtime-Aws-Request-Id"] ?? ""
        return try api.exchange("POST", "/2018-06-01/runtime/invocation/\(id)/response", body: body).status
    }

    /// Invokes the function, without a client whose time would be over.
    private static func call(_ server: Server) async throws -> Outcome {
        let entry = try #require(server.invoker.manifest.function(named: "waits"))
        let event = Event(
            id: "1", time: Timestamp(milliseconds: 1_000), trigger: .direct, data: [UInt8(ascii: "1")])
        return await server.invoker.invoke(entry, event)
    }

    /// Whatever ends a client's connection that says nothing: the wait for the next event has no end.
    @Test func next_isHeld_whileEveryOtherConnectionIsGivenUp() async throws {
        var limits = HostLimits()
        limits.idleTime = .milliseconds(20)
        limits.requestTime = .milliseconds(20)
        limits.closeTime = .milliseconds(20)
        limits.instanceLook = .milliseconds(5)
        limits.instanceStart = .seconds(60)
        var instances = InstanceSettings()
        instances.warm = 1
        instances.count = 1
        instances.idleTime = .milliseconds(1)
        try await Self.serve(limits: limits, instances: instances) { server, port in
            let api = try Client(port: port)
            try api.send(Self.next)
            await server.wait { $0.instanceCounts.idle == 1 }
            // Each of these waits for as long as a client's silence is borne.
            for _ in 0..<10 {
                let idle = try server.client()
                #expect(idle.hasEnded())
                let half = try server.client()
                try half.send("GET /healthz HTTP/1.1\r\n")
                #expect(try half.response().status == 408)
            }
            async let outcome = Self.call(server)
            let event = try api.response()
            #expect(event.status == 200)
            #expect(try Self.answer(api, to: event, #"{"a":1}"#) == 202)
            #expect(try await outcome.json == #"{"a":1}"#)
        }
    }

    @Test func whoDoesNotAskAgain_isEnded_andAnotherIsStarted() async throws {
        var limits = HostLimits()
        limits.instanceLook = .milliseconds(5)
        var instances = InstanceSettings()
        instances.warm = 1
        instances.count = 1
        try await Self.serve(limits: limits, instances: instances, timeout: .seconds(8)) { server, port in
            let api = try Client(port: port)
            try api.send(Self.next)
            await server.wait { $0.instanceCounts.idle == 1 }
            async let outcome = Self.call(server)
            #expect(try Self.answer(api, to: try api.response(), "null") == 202)
            #expect(try await outcome.status == 200)
            // It is ended, and its connection with it.
            #expect(api.hasEnded() || api.hasEnded())
            await server.wait { $0.instanceCounts.starting == 1 }
            #expect(await server.host.instanceCounts.starting == 1)
        }
    }

    @Test func anAnswerThatIsTooLong_failsTheInvocationAlone() async throws {
        var instances = InstanceSettings()
        instances.warm = 1
        instances.count = 1
        try await Self.serve(limits: HostLimits(), instances: instances) { server, port in
            let api = try Client(port: port)
            for (length, status) in [(100 << 10, 502), (100, 200)] {
                try api.send(Self.next)
                async let outcome = Self.call(server)
                let body = "\"" + String(repeating: "x", count: length) + "\""
                #expect(try Self.answer(api, to: try api.response(), body) == 202)
                #expect(try await outcome.status == status)
            }
        }
    }
}

extension Host {
    var instanceCounts: (starting: Int, idle: Int, busy: Int) {
        let counts = instances?.pools["waits"]?.counts
        return (counts?.starting ?? 0, counts?.idle ?? 0, counts?.busy ?? 0)
    }
}
