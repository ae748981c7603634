import Net
import Base
import Ledger
@testable import LocalHost
import Runtime
import Synchronization
import TestSupport

/// What a test's function does; `input` is null where nothing came.
typealias Body = @Sendable (_ input: JSONValue, _ context: Context) async throws -> JSONValue

/// The one handler of these tests: does what the test has written for the function's name.
struct Script: Function {
    struct Input: Decodable, Sendable {
        let value: JSONValue
        init(from decoder: any Decoder) { value = (try? JSONValue(from: decoder)) ?? .null }
    }

    let bodies: [String: Body]

    func handle(_ input: Input, in context: Context) async throws -> JSONValue {
        try await bodies[context.function]?(input.value, context) ?? .null
    }
}

/// Says its arguments back, to its socket as the event `relayed` and as the answer.
struct Relay: Function {
    func handle(_ input: AnyArguments, in context: Context) async throws -> AnyArguments {
        if case .socket(_, let connection, _) = context.trigger {
            try context.emit("relayed", input, to: [connection])
        }
        return input
    }
}

/// Says bare text back, as a message and as the answer.
struct Parrot: Function {
    func handle(_ input: PlainText, in context: Context) async throws -> PlainText {
        if case .socket(_, let connection, _) = context.trigger { try context.post(input, to: connection) }
        return input
    }
}

/// A function of a test, with its entry in the manifest.
struct Route: Sendable {
    var entry: FunctionEntry
    let body: Body

    init(
        _ name: String, on triggers: Trigger..., access: Access = .none, per: RateScope? = nil,
        limits: Limits = Limits(), handler: String = "Script",
        body: @escaping Body = { input, _ in input }
    ) {
        entry = FunctionEntry(
            name: name, handler: handler, triggers: triggers, access: access, per: per, limits: limits)
        self.body = body
    }

    /// Signs a player in; the token is the answer.
    static let login = Route("login", on: .http(method: "POST", path: "/login")) { input, context in
        guard case .string(let player) = input else { return .null }
        return .string(try context.openSession(for: player, lifetime: .seconds(3_600)).token)
    }
}

struct Silence: LogSink {
    func write(_ line: LogLine) {}
}

/// A host on a loop and a thread of its own, over a store in a folder of its own.
final class Server: Sendable {
    let host: Host
    let loop: EventLoop
    let invoker: Engine
    let state: any SharedState
    let port: Int
    let directory: TemporaryDirectory
    private let thread: SystemThread

    init(
        _ routes: [Route], limits: HostLimits = HostLimits(), sockets: SocketSettings = SocketSettings(),
        proxies: [String] = [], sharing other: Server? = nil, programs: InstancePrograms? = nil,
        platform change: (inout Platform) -> Void = { _ in }
    ) async throws {
        directory = try other?.directory ?? TemporaryDirectory()
        state = try Store.file(directory.file("store.db")).open()
        let loop = try EventLoop()
        self.loop = loop
        let manifest = Manifest(
            auth: [
                Issuer(issuer: "test", audience: "test", key: "a key that is long enough for HMAC-SHA256")
            ],
            sockets: sockets, trustedProxies: proxies, functions: routes.map(\.entry))
        let bodies = Dictionary(uniqueKeysWithValues: routes.map { ($0.entry.name, $0.body) })
        let log = Log(level: .error, format: .json, sink: Silence())
        var platform = Platform.system(timers: loop, executor: loop)
        change(&platform)
        invoker = try Engine(
            manifest: manifest, functions: FunctionSet(Script(bodies: bodies), Relay(), Parrot()),
            state: state,
            platform: platform, log: log, settings: Settings(environment: [:]))
        thread = try SystemThread(named: "test-loop") { loop.run() }
        host = try Host(invoker: invoker, loop: loop, log: log, limits: limits, programs: programs)
        port = try await host.start(host: "127.0.0.1", port: 0)
    }

    /// Stops, and ends the thread. What the stop left undone.
    @discardableResult
    func close() async -> Int {
        let left = await host.stop()
        loop.stop()
        thread.join()
        await state.close()
        return left
    }

    func client(receiveBuffer: Int32? = nil) throws -> Client {
        try Client(port: port, receiveBuffer: receiveBuffer)
    }

    /// An open WebSocket behind its Engine.IO handshake.
    func webSocket(fields: String = "") throws -> SocketClient {
        try SocketClient(try client(), fields: fields)
    }

    /// A connected socket.
    func socket(auth: String = "") throws -> SocketClient {
        let socket = try webSocket()
        try socket.connect(auth: auth)
        return socket
    }

    func token(of player: String) throws -> String {
        let answer = try client().exchange("POST", "/login", body: "\"\(player)\"")
        return String(answer.text.dropFirst().dropLast())
    }
}

/// Serves `routes` while `body` runs.
func serve(
    _ routes: [Route], limits: HostLimits = HostLimits(), sockets: SocketSettings = SocketSettings(),
    proxies: [String] = [], platform: @escaping @Sendable (inout Platform) -> Void = { _ in },
    _ body: @escaping @Sendable (Server) async throws -> Void
) async throws {
    try await offPool {
        let server = try await Server(
            routes, limits: limits, sockets: sockets, proxies: proxies, platform: platform)
        do {
            try await body(server)
        } catch {
            await server.close()
            throw error
        }
        await server.close()
    }
}

struct NotCommitted: Error {}

extension SharedState {
    /// Commits these changes as an invocation would.
    func apply(_ writes: [UnitOfWork.Write]) async throws {
        let now = Timestamp(milliseconds: 1_000)
        let request = AdmissionRequest(
            function: "test", now: now, session: nil, rates: [], concurrency: 1_000)
        guard case .admitted(let ticket, _) = try await admit(request) else { throw NotCommitted() }
        _ = try await commit(UnitOfWork(writes: writes), at: now, ticket: ticket, completing: nil)
    }
}

extension Host {
    private var index: SocketIndex { sockets.hub.index }

    var isStopping: Bool { core.lifecycle.isStopping }
    var storeHasFailed: Bool { core.storeHasFailed }
    var tasksUnderWay: Int { core.tasks.count }
    var turns: Int { transports.turns }
    var isListening: Bool { acceptor.listener != nil }
    var linkCount: Int { sockets.sessions.open.count }
    var hasWaitingPoll: Bool {
        sockets.sessions.open.values.contains { ($0 as? EngineSession)?.hasPoll == true }
    }
    var openSockets: Int { index.openCount }
    /// Entries of sockets, also those that are gone for their clients and have something under way.
    var socketsHeld: Int { index.sockets.count + index.byConnectionID.count + index.bySubject.count }
    var connectionIDs: [String] { Array(index.byConnectionID.keys) }
    var subjects: [String] { Array(index.bySubject.keys) }
    var hasRoomForConnects: Bool { sockets.hub.hasRoomForConnects }
    var connectsWaiting: Int { sockets.hub.connectsWaiting }
    var receivedBytes: Int { transports.shares.received.total }
    var unsentBytes: Int { transports.shares.unsent.total }
    /// The most events that wait behind another on any socket.
    var largestBacklog: Int { index.sockets.values.map(\.waiting.count).max() ?? 0 }
}

extension Server {
    /// Waits until the host is as the test needs it, or for twenty seconds: the test's own expectations fail then.
    func wait(until isSo: @escaping @Sendable (isolated Host) async -> Bool) async {
        // On the loop: off the pool, each look would take a thread of its own.
        await Task(executorPreference: loop) { [host] in await host.wait(until: isSo) }.value
    }
}

extension Host {
    fileprivate func wait(until isSo: @Sendable (isolated Host) async -> Bool) async {
        let start = ContinuousClock.now
        while await !isSo(self), ContinuousClock.now - start < .seconds(20) { await Task.yield() }
    }
}
