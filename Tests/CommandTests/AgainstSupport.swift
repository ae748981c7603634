import Net
import Base
@testable import Command
import FoundationEssentials
import Ledger
import LocalHost
import Runtime
import Synchronization
import TestSupport

/// A host that serves the functions below, on a loop and a thread of its own.
final class LiveHost: Sendable {
    let port: Int
    let platform: Platform
    private let host: Host
    private let loop: EventLoop
    private let thread: SystemThread
    private let state: any SharedState
    private let directory: TemporaryDirectory
    private let signed = Mutex<[String]>([])

    init() async throws {
        directory = try TemporaryDirectory()
        state = try Store.file(directory.file("store.db")).open()
        let loop = try EventLoop()
        self.loop = loop
        platform = .system(timers: loop, executor: loop)
        let log = Log(level: .error, format: .json, sink: LogLines())
        let manifest = try Manifest(yaml: RecordingFolder.manifest, file: "functions.yaml", environment: [:])
        let invoker = try Engine(
            manifest: manifest, functions: FunctionSet(SignIn(), Act(), Enter(), Leave()), state: state,
            platform: platform, log: log, settings: Settings(environment: [:]))
        thread = try SystemThread(named: "test-loop") { loop.run() }
        host = try Host(invoker: invoker, loop: loop, log: log)
        port = try await host.start(host: "127.0.0.1", port: 0)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func close() async {
        _ = await host.stop()
        loop.stop()
        thread.join()
        await state.close()
    }

    /// For whom tokens were asked.
    var signedFor: [String] { signed.withLock { $0 } }

    /// Opens a session for each caller, and gives their tokens.
    func signer(for callers: [Claims]) async throws -> @Sendable (Claims) -> String? {
        let now = platform.now()
        var tokens: [String: String] = [:]
        for (index, caller) in callers.enumerated() {
            let end = Timestamp(milliseconds: (now.milliseconds / 1_000 + 3_600) * 1_000)
            let session = "session_test\(index)"
            let request = AdmissionRequest(
                function: "test", now: now, session: nil, rates: [], concurrency: 1)
            guard case .admitted(let ticket, _) = try await state.admit(request) else { continue }
            let write = UnitOfWork.Write.openSession(id: session, subject: caller.subject, expiresAt: end)
            _ = try await state.commit(UnitOfWork(writes: [write]), at: now, ticket: ticket, completing: nil)
            let claims = Claims(
                subject: caller.subject, session: session, roles: caller.roles, expiresAt: end)
            tokens[caller.subject] = Tokens([RecordingFolder.issuer]).sign(claims, now: now)
        }
        return { [tokens] claims in
            self.signed.withLock { $0.append(claims.subject) }
            return tokens[claims.subject]
        }
    }
}

/// Runs `body` with a host.
func withLiveHost(_ body: (LiveHost) async throws -> Void) async throws {
    let host = try await LiveHost()
    do {
        try await body(host)
    } catch {
        await host.close()
        throw error
    }
    await host.close()
}

/// Lets somebody in.
struct SignIn: Function {
    struct Output: Encodable, Sendable {
        let token: String
        let player_id: String
        let session_id: String
        let expires_at: String
    }

    static let successStatus = 201

    func handle(_ input: Nothing, in context: Context) async throws -> Output {
        let player = context.identifier("player")
        let session = try context.openSession(for: player, lifetime: .seconds(3_600))
        return Output(
            token: session.token, player_id: player, session_id: session.sessionID,
            expires_at: session.expiresAt.rfc3339)
    }
}

/// Says who asked for what.
struct Act: Function {
    struct Input: Decodable, Sendable {
        let text: String
        let target: String?
    }

    struct Output: Encodable, Sendable {
        let action_id: String
        let player_id: String
        let text: String
        let hits_self: Bool
    }

    static let successStatus = 202

    func handle(_ input: Input, in context: Context) async throws -> Output {
        let player = try context.subject
        try context.emit("acted", input.text, to: ["everyone"])
        return Output(
            action_id: context.identifier("action"), player_id: player, text: input.text,
            hits_self: input.target == player)
    }
}

/// A socket's beginning.
struct Enter: Function {
    func handle(_ input: Nothing, in context: Context) async throws -> Nothing {
        try context.openConnection()
        try context.join("everyone")
        return Nothing()
    }
}

/// A socket's end.
struct Leave: Function {
    func handle(_ input: Nothing, in context: Context) async throws -> Nothing {
        context.closeConnection()
        return Nothing()
    }
}

/// A recording, written by hand.
struct RecordingFolder {
    /// The host's side uses the same.
    static let issuer = Issuer(
        issuer: "test", audience: "test", key: "a key that is long enough for HMAC-SHA256")

    static let manifest = """
        version: 1
        guests: true
        auth:
          - issuer: test
            audience: test
            algorithm: HS256
            key: a key that is long enough for HMAC-SHA256
        sockets:
          path: /socket.io/
          max-payload: 2KB
        functions:
          sign-in:
            handler: SignIn
            auth: none
            on:
              - http: POST /api/session
          act:
            handler: Act
            auth: player
            on:
              - http: POST /api/act
              - http: GET /api/act
              - socket: act
          enter:
            handler: Enter
            auth: player
            on:
              - socket: $connect
          leave:
            handler: Leave
            auth: player
            on:
              - socket: $disconnect
        """

    static let start = Timestamp(milliseconds: 1_767_225_600_000)

    private let directory: TemporaryDirectory
    private var lines: [String] = []

    init() throws { directory = try TemporaryDirectory() }

    /// An id as the runtime makes them.
    static func id(_ prefix: String, _ number: UInt64) -> String {
        var random = SeededRandom(seed: number)
        return random.identifier(prefix, at: start)
    }

    /// Adds a line as `RecordLine` writes it. `answer` is JSON text; `after` counts from the start, in milliseconds.
    mutating func add(
        _ function: String, _ trigger: Event.Source, as player: String? = nil, data: String = "",
        status: Int = 200, answer: String = "{}", after: Int64? = nil, taken: String = #"{"seed":"1"}"#,
        address: String = "a1b2"
    ) throws {
        let number = lines.count + 1
        let event = Event(
            id: "req_\(number)", time: Self.start + .milliseconds(after ?? Int64(number)), trigger: trigger,
            credential: player.map {
                .verified(
                    Claims(subject: $0, session: "session_1", expiresAt: Self.start + .seconds(3_600)))
            } ?? .none, address: address, data: Array(data.utf8))
        lines.append(
            #"{"kind":"invocation","function":"\#(function)","event":"# + (try event.cloudEvent())
                + #","taken":\#(taken),"answer":{"status":\#(status),"body":\#(answer)}"#
                + #","unit":{"reads":[],"writes":[]},"log":{},"duration":0.001}"#)
    }

    /// Writes the folder, and reads it.
    func recording() throws -> Recording {
        let header = """
            {"format":"gestaloka-recording","version":1,"program":"gestaloka 1.0.0",\
            "started_at":"\(Self.start.rfc3339)","number":0,"environment":{},"withheld":[],"redacted":[]}
            """
        for (name, text) in [
            ("recording.json", header), ("functions.yaml", Self.manifest),
            ("events.ndjson", lines.map { $0 + "\n" }.joined()),
        ] {
            try Data(text.utf8).write(to: URL(filePath: directory.file(name)))
        }
        return try Recording(folder: directory.path)
    }
}

extension RecordingFolder {
    /// A guest comes in, acts over HTTP and on a socket, and goes; everything as the functions above answer.
    mutating func addPlayer(_ number: UInt64, text: String = "hello") throws {
        let player = Self.id("player", number)
        let connection = Self.id("socket", number)
        func socket(_ event: String) -> Event.Source {
            .socket(event: event, connection: connection, host: "host_1")
        }
        try add(
            "sign-in", .http(method: "POST", path: "/api/session"), status: 201,
            answer: """
                {"expires_at":"2026-01-01T01:00:00.000Z","player_id":"\(player)",\
                "session_id":"\(Self.id("session", number))","token":"[redacted]"}
                """)
        try add(
            "act", .http(method: "POST", path: "/api/act"), as: player,
            data: #"{"text":"\#(text)","target":"\#(player)"}"#, status: 202,
            answer: Self.acted(player, text, hitsSelf: true))
        try add("enter", socket("$connect"), as: player, data: #"{"token":"[redacted]"}"#)
        try add(
            "act", socket("act"), as: player, data: #"{"text":"\#(text)"}"#, status: 202,
            answer: Self.acted(player, text))
        try add("leave", socket("$disconnect"), as: player)
    }

    static func acted(_ player: String, _ text: String, hitsSelf: Bool = false) -> String {
        """
        {"action_id":"\(id("action", 77))","hits_self":\(hitsSelf),"player_id":"\(player)","text":"\(text)"}
        """
    }
}
