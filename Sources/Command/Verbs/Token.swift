internal import Ledger
internal import Base
internal import Runtime

/// `token`: opens a session and prints a token for it, or ends a session.
struct Token: Verb {
    static let name = "token"
    static let summary = "Open a session for a player and print its token; or end a session."
    static let operands = "(--player ID | --revoke SESSION)"
    static let subject = Option.subject(CallerWord.manifest, "ID", help: "Whose token it is.")
    static let roles = Option.roles(help: "A role it carries, such as ops (repeatable).")
    static let expires = Option("expires", "TIME", help: "How long it lasts: 30m, 1h, 7d (default: 1h).") {
        texts throws(UsageError) in try lifetime(texts.first ?? "1h")
    }
    static let revoke = Option.text(
        "revoke", "SESSION", help: "End this session instead: its tokens are refused.")
    static let options: [any OptionDeclaration] = [
        subject, roles, expires, revoke, Options.manifest, Options.store,
    ]
    static let details = """
        The token goes to standard output, its session and end to standard error.
        Serve with the same manifest, store and SECRET_KEY. Where a host records what happens to the
        store, what is done here becomes a part of that recording.
        """
    static let examples = ["token --player player_1 --expires 30m", "token --player somebody --role ops"]

    private let program: Program
    private let arguments: Arguments
    private let subject: String?
    private let roles: [String]
    private let lifetime: Duration

    init(_ arguments: Arguments, _ program: Program) throws {
        try arguments.check(operands: 0)
        self.program = program
        self.arguments = arguments
        subject = try arguments.value(Self.subject)
        roles = try arguments.value(Self.roles)
        lifetime = try arguments.value(Self.expires)
        if arguments.has(Self.revoke) {
            try arguments.check(without: Self.subject, Self.roles, Self.expires, beside: Self.revoke)
        } else if subject == nil {
            throw UsageError("--player ID is missing (or --revoke SESSION)")
        }
    }

    func run() throws -> Int32 {
        let workshop = try Workshop(
            program, arguments, Workshop.manifest(program, arguments), quiet: true)
        if let session = arguments[Self.revoke] {
            try workshop.run { try await revoke(session, workshop) }
        } else if let subject {
            let (token, session, end) = try workshop.run { try await open(subject, workshop) }
            program.console.output(token + "\n")
            program.console.error("Session \(session) of \(subject) ends at \(end.rfc3339)\n")
        }
        return ExitStatus.done
    }

    private func open(_ subject: String, _ workshop: Workshop) async throws -> (String, String, Timestamp) {
        let now = workshop.invoker.platform.now()
        let signer = Tokens(workshop.manifest.auth)
        let session = SessionToken(
            id: workshop.invoker.platform.secretIdentifier("session"), for: subject, roles: roles, now: now,
            lifetime: lifetime
        ) { signer.sign($0, now: now) }
        guard let session else { throw TokenError.noIssuer }
        guard session.token.utf8.count <= Tokens.maximumLength else { throw TokenError.tooLong }
        _ = try await workshop.write([session.write], by: Self.name, at: now)
        return (session.token, session.sessionID, session.expiresAt)
    }

    private func revoke(_ session: String, _ workshop: Workshop) async throws {
        let isOpen = try await workshop.write(
            [.revokeSession(id: session)], by: Self.name, at: workshop.invoker.platform.now(),
            session: session)
        guard isOpen else { throw TokenError.noSession }
        program.console.error("Session \(session) has ended\n")
    }

    private static func lifetime(_ text: String) throws(UsageError) -> Duration {
        guard let duration = Duration(amount: text), duration >= .seconds(1),
            duration <= .seconds(3_660 * 86_400)
        else {
            throw UsageError("--expires must be a time such as 30m, 1h or 7d, at least 1s")
        }
        return duration
    }
}

/// Why a token cannot be given, or a session not be ended.
enum TokenError: Error, CustomStringConvertible {
    case noIssuer, tooLong, noSession

    var description: String {
        switch self {
        case .noIssuer: "the manifest names nobody who signs tokens (key 'auth')"
        case .tooLong: "the token would be longer than the \(Tokens.maximumLength) bytes that are accepted"
        case .noSession: "there is no such session, or it has ended already"
        }
    }
}
