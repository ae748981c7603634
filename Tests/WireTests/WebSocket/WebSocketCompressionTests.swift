import TestSupport
import Testing
import Wire

/// What was negotiated by the first offer of this field.
func negotiated(
    _ offer: String = "permessage-deflate; client_max_window_bits",
    settings: PerMessageDeflate.Settings = .standard
) throws -> PerMessageDeflate {
    let headers = HTTPHeaders([("Sec-WebSocket-Extensions", offer)])
    return try #require(PerMessageDeflate.negotiate(headers, settings: settings))
}

@Suite struct WebSocketCompressionTests {
    static let hello = Array("Hello".utf8)

    // RFC 7692 7.2.3.
    @Test(
        arguments: [
            ("one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("no compression", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            ("final block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            ("final block and nothing behind", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            (
                "two blocks",
                [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]
            ),
        ] as [(String, [UInt8])])
    func hello_isInflated_asInTheRFC(name: String, payload: [UInt8]) throws {
        let inflater = WebSocketInflater(try negotiated())
        #expect(try inflater.inflate(payload, atMost: 5) == Self.hello, "\(name)")
        #expect(try inflater.inflate([0], atMost: 5) == [], "\(name)")
        #expect(try inflater.inflate(payload, atMost: 5) == Self.hello, "\(name)")
    }

    @Test func contextTakeover_isThatOfTheRFC() throws {
        let agreed = try negotiated()
        let deflater = WebSocketDeflater(agreed)
        #expect(deflater.deflate(Self.hello) == [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        #expect(deflater.deflate(Self.hello) == [0xF2, 0x00, 0x11, 0x00, 0x00])
        #expect(deflater.deflate([]) == [0])
        let inflater = WebSocketInflater(agreed, role: .client)
        #expect(try inflater.inflate([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], atMost: 9) == Self.hello)
        #expect(try inflater.inflate([0xF2, 0x00, 0x11, 0x00, 0x00], atMost: 9) == Self.hello)
    }

    @Test func withoutContextTakeover_messagesStandAlone() throws {
        let agreed = try negotiated(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
        for role in [WebSocketDecoder.Role.server, .client] {
            let deflater = WebSocketDeflater(agreed, role: role)
            let first = deflater.deflate(Self.hello)
            #expect(deflater.deflate(Self.hello) == first)
            // An inflater without context does not know what the message before held.
            let inflater = WebSocketInflater(agreed, role: role)
            #expect(try inflater.inflate(first, atMost: 9) == Self.hello)
            #expect(throws: WebSocketError.self) {
                try inflater.inflate([0xF2, 0x00, 0x11, 0x00, 0x00], atMost: 9)
            }
        }
        // Each side for itself.
        let ours = try negotiated("permessage-deflate; server_no_context_takeover")
        let server = WebSocketDeflater(ours, role: .server)
        #expect(server.deflate(Self.hello) == server.deflate(Self.hello))
        let client = WebSocketDeflater(ours, role: .client)
        #expect(client.deflate(Self.hello).count > client.deflate(Self.hello).count)
    }

    @Test(arguments: [9, 10, 12, 15])
    func messages_ofAnyKind_comeOutAsTheyWentIn(windowBits: Int) throws {
        let seed: UInt64 = 0x6465_666C + UInt64(windowBits)
        var generator = SplitMix64(seed: seed)
        for takeover in ["", "; server_no_context_takeover; client_no_context_takeover"] {
            let agreed = try negotiated(
                "permessage-deflate; server_max_window_bits=\(windowBits)"
                    + "; client_max_window_bits=\(windowBits)" + takeover,
                settings: PerMessageDeflate.Settings(serverWindowBits: 15, clientWindowBits: 15))
            for role in [WebSocketDecoder.Role.server, .client] {
                let deflater = WebSocketDeflater(agreed, role: role)
                let inflater = WebSocketInflater(agreed, role: role == .server ? .client : .server)
                for round in 0..<40 {
                    let count = Int.random(in: 0...(round % 8 == 0 ? 50_000 : 300), using: &generator)
                    let width = UInt8.random(in: 0...255, using: &generator)
                    let message = (0..<count).map { _ in UInt8.random(in: 0...width, using: &generator) }
                    let payload = deflater.deflate(message)
                    #expect(
                        try inflater.inflate(payload, atMost: count) == message,
                        "seed \(seed), round \(round)")
                }
            }
        }
    }

    @Test func message_aroundTheSizeOfAChunk_comesOutAsItWentIn() throws {
        let agreed = try negotiated()
        var generator = SplitMix64(seed: 3)
        let noise = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let deflater = WebSocketDeflater(agreed)
        let inflater = WebSocketInflater(agreed, role: .client)
        // Noise does not compress, so that what is written ends at and around the end of a chunk.
        for count in (16_360...16_400).map({ $0 }) + [32_768, 49_152] {
            let message = Array(noise.prefix(count))
            #expect(try inflater.inflate(deflater.deflate(message), atMost: count) == message, "\(count)")
            let calm = [UInt8](repeating: 0x61, count: count)
            #expect(try inflater.inflate(deflater.deflate(calm), atMost: count) == calm, "\(count)")
        }
    }

    @Test func bomb_isRefused_asTooBig() throws {
        let agreed = try negotiated()
        let bomb = WebSocketDeflater(agreed, role: .client).deflate([UInt8](repeating: 0, count: 20_000_000))
        #expect(bomb.count < 30_000)
        for limit in [0, 1, 16_383, 16_384, 1_000_000, 19_999_999] {
            let error = #expect(throws: WebSocketError.self) {
                try WebSocketInflater(agreed).inflate(bomb, atMost: limit)
            }
            #expect(error?.closeCode == 1009)
        }
        #expect(try WebSocketInflater(agreed).inflate(bomb, atMost: 20_000_000).count == 20_000_000)
    }

    @Test(
        arguments: [
            [], [0xFF], [0x07], [0xF2], [0xF2, 0x48, 0xCD], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07],
            [0x00, 0x06, 0x00, 0xF9, 0xFF, 0x48], [0x00, 0x05, 0x00, 0x00, 0x00],
            // A distance beyond what there is.
            [0xF2, 0x00, 0x11, 0x00, 0x00],
        ] as [[UInt8]])
    func payload_thatDoesNotInflate_isRefused(payload: [UInt8]) throws {
        let error = #expect(throws: WebSocketError.self) {
            try WebSocketInflater(negotiated()).inflate(payload, atMost: 100)
        }
        #expect(error?.closeCode == 1007)
    }

    @Test func manyFinalBlocks_areInflated() throws {
        // 03 00 is an empty final block.
        let payload = Array(repeating: [0x03, 0x00] as [UInt8], count: 20_000).flatMap { $0 }
        #expect(try WebSocketInflater(negotiated()).inflate(payload, atMost: 0) == [])
    }

    @Test func mutatedPayloads_neverTrap_andStayWithinLimits() throws {
        let seed: UInt64 = 0x7A6C_6962
        var generator = SplitMix64(seed: seed)
        let agreed = try negotiated()
        let text = String(repeating: "the quick brown fox 城 jumps over ", count: 20)
        let valid = WebSocketDeflater(agreed, role: .client).deflate(Array(text.utf8))
        for round in 0..<4000 {
            let inflater = WebSocketInflater(agreed)
            for _ in 0..<2 {
                guard let output = try? inflater.inflate(mutated(valid, with: &generator), atMost: 2000)
                else { continue }
                #expect(output.count <= 2000, "seed \(seed), round \(round)")
            }
        }
    }
}
