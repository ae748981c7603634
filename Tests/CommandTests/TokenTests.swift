import Base
@testable import Command
import Ledger
import Runtime
import TestSupport
import Testing

@Suite struct TokenTests {
    private static let key = "k3y-of-the-tests-0123456789-abcdef"
    private let environment = ["SECRET_KEY": Self.key]
    private let tokens = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", key: Self.key)])
    private let epoch = Timestamp(milliseconds: 0)

    /// What the store says to a token's session.
    private func isOpen(_ session: String?, _ program: TestProgram, at now: Timestamp) async throws -> Bool {
        let store = try TestStore(program.store)
        defer { store.close() }
        let state = store.state
        let request = AdmissionRequest(function: "x", now: now, session: session, rates: [], concurrency: 1)
        guard case .admitted(let ticket, _) = try await state.admit(request) else { return false }
        state.release(ticket)
        return true
    }

    @Test func theToken_isOnStandardOutput_andGood() async throws {
        let program = try TestProgram()
        let run = program(
            "token", "--player", "player_1", "--role", "ops", "--role", "gm", environment: environment)
        #expect(run.status == 0)
        #expect(run.output.last == "\n")
        let claims = try tokens.verify(String(run.output.dropLast()), now: epoch)
        #expect(claims.subject == "player_1")
        #expect(claims.roles == ["ops", "gm"])
        let (session, end) = (try #require(claims.session), try #require(claims.expiresAt))
        #expect(run.error == "Session \(session) of player_1 ends at \(end.rfc3339)\n")
        #expect(try await isOpen(session, program, at: epoch))
        #expect(try await !isOpen(session, program, at: end))
        #expect(try await !isOpen("session_other", program, at: epoch))
    }

    @Test func itsLife_isAsLongAsAskedFor() throws {
        let program = try TestProgram()
        func end(_ time: String) throws -> Timestamp {
            let run = program("token", "--player", "p", "--expires", time, environment: environment)
            return try #require(try tokens.verify(String(run.output.dropLast()), now: epoch).expiresAt)
        }
        // The second is later by the time between the two runs; so is the third.
        let (hour, week) = (try end("1h"), try end("7d"))
        #expect(week - hour >= .seconds(7 * 86_400 - 3_600))
        #expect(try end("30m") < hour)
    }

    @Test func aRevokedSession_isRefused() async throws {
        let program = try TestProgram()
        let token = program("token", "--player", "p", environment: environment)
        let session = try #require(try tokens.verify(String(token.output.dropLast()), now: epoch).session)
        let run = program("token", "--revoke", session, environment: environment)
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(run.error == "Session \(session) has ended\n")
        #expect(try await !isOpen(session, program, at: epoch))
        // A slip in the id must not look like success.
        for other in [session, "session_other", ""] {
            let failed = program("token", "--revoke", other, environment: environment)
            #expect(failed.status == 1)
            #expect(failed.error.contains("there is no such session, or it has ended already"))
        }
    }

    @Test func withoutAKey_developmentMakesOne_andKeepsIt() throws {
        let program = try TestProgram()
        #expect(program("token", "--player", "p").status == 0)
        #expect(program("token", "--player", "p", environment: ["ENVIRONMENT": "production"]).status == 1)
    }

    @Test func aManifestWithoutAnIssuer_givesNoTokens() throws {
        let program = try TestProgram(manifest: "version: 1\nfunctions:\n  greet:\n    handler: Greeting\n")
        let run = program("token", "--player", "p")
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.error.contains("names nobody who signs tokens"))
    }
}
