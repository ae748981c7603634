import Runtime
import Testing

@Suite struct CryptographyTests {
    private func hexadecimal(_ bytes: [UInt8]?) -> String {
        (bytes ?? []).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    @Test func hmac_isThatOfRFC4231() {
        #expect(
            hexadecimal(
                Cryptography.hmacSHA256(key: [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8)))
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            hexadecimal(
                Cryptography.hmacSHA256(
                    key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hexadecimal(
                Cryptography.hmacSHA256(
                    key: [UInt8](repeating: 0xaa, count: 131),
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func sha1_isThatOfTheWebSocketHandshake() {
        // RFC 6455 section 1.3.
        let text = "dGhlIHNhbXBsZSBub25jZQ==" + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        #expect(
            hexadecimal(Cryptography.sha1(Array(text.utf8))) == "b37a4f2cc0624f1690f64606cf385945b2bec4ea")
        #expect(hexadecimal(Cryptography.sha1([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
    }

    @Test func equality_isThatOfBytes() {
        #expect(Cryptography.areEqual([], []))
        #expect(Cryptography.areEqual([1, 2], [1, 2]))
        #expect(!Cryptography.areEqual([1, 2], [1, 3]))
        #expect(!Cryptography.areEqual([1, 2], [1, 2, 3]))
    }

    @Test(arguments: [Cryptography.secretBytes, Cryptography.shownBytes])
    func randomBytes_differ(bytes: @Sendable (Int) -> [UInt8]?) {
        #expect(bytes(32)?.count == 32)
        #expect(bytes(32) != bytes(32))
        #expect(bytes(0) == [])
    }
}
