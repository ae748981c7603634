import Base
@testable import LocalHost
@testable import Identity
@testable import Manifest
import Runtime
import Synchronization
import Testing
import TestSupport
import Wire

/// Whose an Engine.IO session is: its id cannot be guessed, and does not do alone.
@Suite struct SessionOpenerTests {
    private static let polling = "/socket.io/?EIO=4&transport=polling"

    private func open(_ client: Client, _ fields: String = "") throws -> String {
        let answer = try client.exchange("GET", Self.polling, fields)
        guard answer.status == 200, case .open(let handshake) = try EngineIOPacket(decoding: answer.text)
        else {
            throw ClientError.refused(answer.status)
        }
        return handshake.sid
    }

    private func post(_ client: Client, _ sid: String, _ fields: String = "") throws -> Int {
        try client.exchange("POST", "\(Self.polling)&sid=\(sid)", fields, body: "40").status
    }

    @Test func anotherCredential_isRefused_andTheSessionGoesOn() async throws {
        try await serve([.login]) { server in
            let client = try server.client()
            let (mine, other) = (try server.token(of: "player_1"), try server.token(of: "player_2"))
            let renewed = try server.token(of: "player_1")
            #expect(mine != renewed)
            let sid = try open(client, "Authorization: Bearer \(mine)\r\n")
            let thief = try server.client()
            #expect(try post(thief, sid, "Authorization: Bearer \(other)\r\n") == 400)
            #expect(try post(thief, sid, "Authorization: Basic YTpi\r\n") == 400)
            #expect(try post(thief, sid) == 400)
            let poll = try thief.exchange("GET", "\(Self.polling)&sid=\(sid)")
            #expect(poll.status == 400)
            #expect(poll.text.contains("Session ID unknown"))
            let upgrade = try thief.exchange(
                "GET", "/socket.io/?EIO=4&transport=websocket&sid=\(sid)",
                SocketClient.fields + "Authorization: Bearer \(other)\r\n")
            #expect(upgrade.status == 400)
            // Whoever opened it goes on, with a renewed token too.
            #expect(try post(client, sid, "Authorization: Bearer \(mine)\r\n") == 200)
            let answer = try client.exchange(
                "GET", "\(Self.polling)&sid=\(sid)", "Authorization: Bearer \(renewed)\r\n")
            #expect(answer.text.hasPrefix("40"))
        }
    }

    @Test func aPageOfAnotherOrigin_isRefused_andOurOwnMayNameItselfOrNot() async throws {
        let sockets = SocketSettings(allowedOrigins: ["https://a.example", "https://b.example"])
        try await serve([], sockets: sockets) { server in
            let client = try server.client()
            let sid = try open(client, "Origin: https://a.example\r\n")
            for origin in ["Origin: https://b.example\r\n", "Origin: http://localhost\r\n", ""] {
                #expect(try post(client, sid, origin) == 400, "\(origin)")
            }
            #expect(try post(client, sid, "Origin: https://A.example:443\r\n") == 200)
            // A browser names the page's own origin with a POST and a WebSocket, not with a GET.
            let own = try open(client)
            #expect(try post(client, own, "Origin: https://a.example\r\n") == 400)
            #expect(try post(client, own, "Origin: http://localhost\r\n") == 200)
            let upgrade = try client.exchange(
                "GET", "/socket.io/?EIO=4&transport=websocket&sid=\(own)",
                SocketClient.fields + "Origin: http://localhost\r\n")
            #expect(upgrade.status == 101)
        }
    }

    @Test func anUpgrade_mayLackTheCredential_whereAPageOpenedTheSession_forThatCannotSendIt() {
        let opener = SessionOpener(credential: [1], subject: "p", origin: nil)
        let bare = SessionOpener(credential: nil, subject: nil, origin: nil)
        let page = SessionOpener(credential: [1], subject: "p", origin: nil, hasPage: true)
        #expect(page.admits(bare, isUpgrade: true))
        #expect(!page.admits(bare, isUpgrade: false))
        #expect(!opener.admits(bare, isUpgrade: true))
        #expect(!opener.admits(bare, isUpgrade: false))
        let foreign = SessionOpener(credential: [1], subject: "p", origin: "https://play.example")
        #expect(!foreign.admits(bare, isUpgrade: true))
        #expect(bare.admits(opener, isUpgrade: false))
        let renewed = SessionOpener(credential: [2], subject: "p", origin: nil)
        #expect(opener.admits(renewed, isUpgrade: false))
        let nobody = SessionOpener(credential: [1], subject: nil, origin: nil)
        #expect(!nobody.admits(SessionOpener(credential: [2], subject: nil, origin: nil), isUpgrade: false))
    }

    @Test func aSessionWhoseSocketsAreAPlayers_isNotForAnotherPlayersToken() {
        let bare = SessionOpener(credential: nil, subject: nil, origin: nil)
        let own = SessionOpener(credential: [1], subject: "p", origin: nil)
        let other = SessionOpener(credential: [2], subject: "q", origin: nil)
        // A proxy's own credential, say, or a token that has ended, is no player's.
        let unknown = SessionOpener(credential: [3], subject: nil, origin: nil)
        #expect(!bare.admits(other, isUpgrade: false, callers: ["p"]))
        for opener in [bare, own, unknown] {
            #expect(bare.admits(opener, isUpgrade: false, callers: ["p"]))
        }
        #expect(bare.admits(other, isUpgrade: false, callers: []))
    }

    @Test func whatNamesASessionOrASocket_isOfTheSecretNumbers_andNoRequestIdIs() async throws {
        let drawn = Mutex<[SecretNumber]>([])
        try await serve(
            [],
            platform: { platform in
                platform.secret = {
                    drawn.withLock { drawn in
                        drawn.append(SecretNumber(high: 0xd00d, low: UInt64(drawn.count)))
                        return drawn[drawn.count - 1]
                    }
                }
            }
        ) { server in
            let client = try server.client()
            let shown = try (0..<1_000).map { _ in
                try #require(try client.exchange("GET", "/healthz").headers["X-Request-Id"])
            }
            #expect(Set(shown).count == 1_000)
            let before = drawn.withLock { $0.count }
            var doors: [String] = [server.host.id]
            for _ in 0..<8 {
                doors.append(try open(client))
                let socket = try server.socket()
                doors += [socket.handshake.sid, socket.sid]
            }
            let numbers = drawn.withLock { $0 }
            // A request's id took none of them, and each of these just one.
            #expect(before == 1)
            #expect(numbers.count == doors.count)
            // All that is behind a prefix and the time.
            let bits = numbers.map { $0.identifier("", at: .init(milliseconds: 0)).dropFirst(11) }
            #expect(Set(doors.map { $0.suffix(26) }) == Set(bits))
            #expect(Set(shown.map { $0.suffix(16) }).isDisjoint(with: doors.map { $0.suffix(16) }))
        }
    }
}
