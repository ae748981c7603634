internal import Runtime
internal import Store

/// `token`: opens a session and prints a token for it, or ends a session.
struct Token: Verb {
    static let name = "token"
    static let summary = "Open a session for a player and print its token; or end a session."
    static let operands = ""
    static let options: [Option] = [
        Option(name: "player", value: "ID", help: "Whose token it is."),
        Option(name: "role", value: "ROLE", help: "A role it carries, such as ops (repeatable).", isRepeatable: true),
        Option(name: "expires", value: "TIME", help: "How long it lasts: 30m, 1h, 7d (default: 1h)."),
        Option(name: "revoke", value: "SESSION", help: "End this session instead: its tokens are refused."),
        .manifest, .store,
    ]
    static let details = ""

    private let program: Program
    private let arguments: Arguments
    private let player: String?
    private let lifetime: Duration

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
        player = arguments["player"]
        lifetime = try Self.lifetime(arguments["expires"] ?? "1h")
        guard (player == nil) != (arguments["revoke"] == nil) else {
            throw UsageError(player == nil ? "--player ID is needed" : "--player and --revoke exclude each other")
        }
        if let player, !(1...128).contains(player.utf8.count) || player.utf8.contains(where: { $0 < 0x21 || $0 == 0x7f }) {
            throw UsageError("--player must be 1 to 128 bytes without blanks and control characters")
        }
    }

    func run() throws -> Int32 {
        let workshop = try Workshop(program, arguments, quiet: true)
        let text = try workshop.run { [player, lifetime, roles = arguments.all("role"), ended = arguments["revoke"]] in
            let now = workshop.invoker.platform.now()
            var unit = UnitOfWork()
            var token: String?
            if let player {
                var random = SeededRandom(seed: workshop.invoker.platform.seed())
                let session = random.identifier("session", at: now)
                let end = now + lifetime
                let claims = Claims(subject: player, session: session, roles: roles, expiresAt: end)
                token = Tokens(workshop.manifest.auth).sign(claims, now: now)
                guard token != nil else { throw UsageError("the manifest names no issuer with a key") }
                unit.writes = [.openSession(id: session, subject: player, expiresAt: end)]
            } else if let ended {
                unit.writes = [.revokeSession(id: ended)]
            }
            let admission = try await workshop.state.admit(
                AdmissionRequest(function: "token", now: now, session: nil, rates: [], concurrency: 1))
            guard case .admitted(let ticket, _) = admission else { throw StoreError.busy }
            _ = try await workshop.state.commit(unit, at: now, ticket: ticket, completing: nil)
            return token
        }
        if let text { program.console.output(text + "\n") }
        return ExitStatus.done
    }

    private static func lifetime(_ text: String) throws -> Duration {
        guard let duration = Duration(amount: text), duration >= .seconds(1), duration <= .seconds(3_660 * 86_400) else {
            throw UsageError("--expires must be a time such as 30m, 1h or 7d")
        }
        return duration
    }
}
