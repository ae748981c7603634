import Runtime
import Testing

@Suite struct HostAddressTests {
    @Test(arguments: [
        ("api.openai.com", "api.openai.com"), ("API.OpenAI.com:443", "api.openai.com:443"),
        ("localhost:08080", "localhost:8080"), ("127.0.0.1:1", "127.0.0.1:1"),
        ("my_model:65535", "my_model:65535"),
        ("[::1]", "[::1]"), ("[0:0::1]:8080", "[::1]:8080"), ("[2001:DB8::A]", "[2001:db8::a]"),
        ("a-1.b", "a-1.b"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ])
    func aHost_hasOneWayToBeWritten(_ text: String, _ canonical: String) {
        #expect(HostAddress.canonical(text) == canonical)
        #expect(HostAddress.canonical(canonical) == canonical)
    }

    @Test(arguments: [
        "", ":", ":80", "a:", "a:b", "a:+1", "a:0", "a:65536", "a:000001", "a:80:80", "a..b", ".a", "a.",
        "-a", "a-",
        "a/b", "a@b", "a b", "a?b", "a#b", "*", "*.a", "::1", "[::1", "[::1]x", "[::1]:", "[127.0.0.1]", "[]",
        "1.2.3",
        "1.2.3.256", "127.1", "bücher.example", "http://a", "a%b", "a\u{0}", "[::ffff:127.0.0.1]",
        "\u{212A}.example",
    ])
    func anythingElse_isNone(_ text: String) {
        #expect(HostAddress.canonical(text) == nil)
    }

    @Test func longNames_areNone() {
        #expect(HostAddress.canonical(String(repeating: "a", count: 63)) != nil)
        #expect(HostAddress.canonical(String(repeating: "a", count: 64)) == nil)
        #expect(HostAddress.canonical(String(repeating: "a.", count: 126) + "a") != nil)
        #expect(HostAddress.canonical(String(repeating: "a.", count: 127) + "a") == nil)
        #expect(HostAddress.canonical(String(repeating: "[", count: 100_000)) == nil)
    }
}
