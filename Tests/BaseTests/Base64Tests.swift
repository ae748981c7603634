import Base
import FoundationEssentials
import TestSupport
import Testing

@Suite struct Base64Tests {
    // RFC 4648 10.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func octets_areEncoded_asInTheRFC(octets: String, text: String) {
        #expect(Base64.encode(Array(octets.utf8)) == text)
        #expect(Base64.decode(text) == Array(octets.utf8))
    }

    @Test(
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zg==Zg==", "Zm8=Zm8=", "Zm9v=", "Zm9vZg",
            "Zh==", "Zm9=", "Zm8=\n", " Zm9v", "Zm 9v===", "Zm-_", "Zm9\u{0}", "Zm城", "Z=9v", "Zm=v", "=m9v",
        ])
    func text_thatIsNotStrict_isRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func octets_ofEveryLength_areThoseOfFoundation() {
        let seed: UInt64 = 0x6261_7365
        var generator = SplitMix64(seed: seed)
        for count in 0..<400 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString(), "seed \(seed), count \(count)")
            #expect(Base64.decode(text) == bytes, "seed \(seed), count \(count)")
        }
    }

    @Test func mutatedText_isRefused_orIsTheOnlyFormOfItsOctets() {
        let seed: UInt64 = 0x6236_34
        var generator = SplitMix64(seed: seed)
        for round in 0..<5000 {
            let text = String(
                decoding: mutated(Array("AAEC/+8zZm9vYmFyZg==".utf8), with: &generator), as: UTF8.self)
            guard let bytes = Base64.decode(text) else { continue }
            #expect(Base64.encode(bytes) == text, "seed \(seed), round \(round)")
        }
    }
}
