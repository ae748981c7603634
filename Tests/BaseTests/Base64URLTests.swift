import Base
import Testing

@testable import Observability
import Runtime

@Suite struct Base64URLTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfRFC4648_hold(_ text: String, _ encoded: String) {
        #expect(Base64.encode(url: Array(text.utf8)) == encoded)
        #expect(Base64.decode(url: encoded[...]) == Array(text.utf8))
    }

    @Test func theExampleOfRFC7515_holds() {
        // Appendix C.
        #expect(Base64.encode(url: [3, 236, 255, 224, 193]) == "A-z_4ME")
        #expect(Base64.decode(url: "A-z_4ME") == [3, 236, 255, 224, 193])
    }

    @Test(arguments: [
        "Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Zm9vYmF=", "A+z/4ME", "Zm 9v", "Zm9v\n", "é", "Zm9v\0",
    ])
    func anythingElse_isRefused(_ text: String) { #expect(Base64.decode(url: text[...]) == nil) }

    @Test func allBytes_comeBack() {
        let seed: UInt64 = 42
        var random = SeededRandom(seed: seed)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let text = Base64.encode(url: bytes)
            #expect(Base64.decode(url: text[...]) == bytes, "seed \(seed), \(count) bytes")
        }
    }

    @Test func everyDecodedText_isCanonical() {
        let alphabet = Array("ABab01-_+/= ")
        for a in alphabet {
            for b in alphabet {
                for c in alphabet {
                    for text in [String([a, b]), String([a, b, c])] {
                        guard let bytes = Base64.decode(url: text[...]) else { continue }
                        #expect(Base64.encode(url: bytes) == text)
                    }
                }
            }
        }
    }
}
