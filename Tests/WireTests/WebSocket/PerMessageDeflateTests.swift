import TestSupport
import Testing
@testable import Wire

@Suite struct PerMessageDeflateTests {
    private func answer(_ offers: String..., settings: PerMessageDeflate.Settings = .standard) -> String? {
        let headers = HTTPHeaders(offers.map { ("Sec-WebSocket-Extensions", $0) })
        return PerMessageDeflate.negotiate(headers, settings: settings)?.answer
    }

    @Test(
        arguments: [
            ("permessage-deflate", "permessage-deflate"), ("Permessage-Deflate", "permessage-deflate"),
            // Chrome, and Firefox without the parameter.
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=12"),
            (
                "permessage-deflate;client_max_window_bits=10",
                "permessage-deflate; client_max_window_bits=10"
            ),
            (
                "permessage-deflate; client_max_window_bits=\"15\"",
                "permessage-deflate; client_max_window_bits=12"
            ),
            (
                "permessage-deflate; server_max_window_bits=15",
                "permessage-deflate; server_max_window_bits=12"
            ),
            (
                "permessage-deflate; server_max_window_bits = 9",
                "permessage-deflate; server_max_window_bits=9"
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            ),
            (
                "permessage-deflate; client_max_window_bits; server_max_window_bits=\"1\\0\"; "
                    + "client_no_context_takeover",
                "permessage-deflate; client_no_context_takeover; server_max_window_bits=10; "
                    + "client_max_window_bits=12"
            ),
            // The first acceptable one.
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=11,"
                    + "permessage-deflate",
                "permessage-deflate; server_max_window_bits=11"
            ),
            ("x-webkit-deflate-frame, foo; bar=\"a\", permessage-deflate", "permessage-deflate"),
            ("permessage-deflate; x, , permessage-deflate", "permessage-deflate"),
            ("permessage-deflate; =, permessage-deflate", "permessage-deflate"),
        ])
    func offer_isAnswered(offers: String, answer expected: String) {
        #expect(answer(offers) == expected)
    }

    @Test(
        arguments: [
            "", ",", "deflate", "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate; x",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
            "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=09",
            "permessage-deflate; server_max_window_bits=010", "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; server_max_window_bits=\"\"",
            "permessage-deflate; server_max_window_bits=\"9",
            "permessage-deflate; server_max_window_bits=\"9 \"",
            "permessage-deflate; server_max_window_bits=9 9",
            "permessage-deflate; client_max_window_bits=0", "permessage-deflate; client_max_window_bits=-9",
            "permessage-deflate; client_max_window_bits=99999999999999999999",
            "permessage-deflate; SERVER_NO_CONTEXT_TAKEOVER", "permessage deflate", "\"permessage-deflate\"",
            "permessage-deflate=1", "permessage-deflate; \\", "permessage-deflate; \"\\",
            "permessage-deflate; a=\"b,permessage-deflate",
        ])
    func offer_isDeclined(offer: String) {
        #expect(answer(offer) == nil)
    }

    @Test func offers_onSeveralLines_standInOrder() {
        #expect(
            answer("permessage-deflate; y", "permessage-deflate; server_max_window_bits=9")?.hasSuffix("9")
                == true)
        var first = PerMessageDeflate.Offer()
        first.clientMaxWindowBits = 15
        let headers = HTTPHeaders([
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, permessage-deflate"),
            ("Other", "permessage-deflate"),
        ])
        #expect(PerMessageDeflate.Offer.offers(in: headers) == [first, PerMessageDeflate.Offer()])
        #expect(answer() == nil)
    }

    @Test func settings_areKeptTo() throws {
        let settings = PerMessageDeflate.Settings(
            serverWindowBits: 99, clientWindowBits: 1, serverNoContextTakeover: true,
            clientNoContextTakeover: true)
        #expect(settings.serverWindowBits == 15)
        #expect(settings.clientWindowBits == 9)
        #expect(
            answer("permessage-deflate; client_max_window_bits", settings: settings)
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                + "client_max_window_bits=9")
        // A client that cannot be told keeps its window.
        let agreed = try #require(PerMessageDeflate(PerMessageDeflate.Offer(), settings: settings))
        #expect(agreed.clientWindowBits == 15)
        #expect(agreed.serverWindowBits == 15)
        let most = PerMessageDeflate.Settings(serverWindowBits: 15, clientWindowBits: 15)
        #expect(answer("permessage-deflate; client_max_window_bits", settings: most) == "permessage-deflate")
    }

    @Test func list_isTakenApart_asItsGrammarSays() {
        let elements = WebSocketExtension.list("a; b=\"c\\d\" ; e , f;g=h,, bad name,i; j=\"k, l\"")
        #expect(elements.map(\.name) == ["a", "f"])
        #expect(elements.first?.parameters.map(\.name) == ["b", "e"])
        #expect(elements.first?.parameters.map(\.value) == ["cd", nil])
    }

    @Test func mutatedOffers_neverTrap_andAnswersAreOffers() {
        let seed: UInt64 = 0x6F66_6665
        var generator = SplitMix64(seed: seed)
        let valid = Array(
            "a; b=\"c\", permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\"".utf8)
        for round in 0..<5000 {
            let text = String(decoding: mutated(valid, with: &generator), as: UTF8.self)
            guard let answer = answer(text) else { continue }
            #expect(self.answer(answer) == answer, "seed \(seed), round \(round)")
        }
    }
}
