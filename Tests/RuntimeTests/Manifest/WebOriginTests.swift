import Runtime
import Testing

@Suite struct WebOriginTests {
    @Test(arguments: [
        ("https://play.example", "https://play.example"),
        ("HTTPS://Play.Example:443", "https://play.example"),
        ("http://play.example:80", "http://play.example"),
        ("http://play.example:443", "http://play.example:443"),
        ("http://localhost:05173", "http://localhost:5173"), ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abc", "chrome-extension://abc"),
    ])
    func anOrigin_hasOneWayToBeWritten(_ text: String, _ canonical: String) {
        #expect(WebOrigin.canonical(text) == canonical)
        #expect(WebOrigin.canonical(canonical) == canonical)
    }

    @Test(arguments: [
        "", "null", "*", "play.example", "//play.example", "://play.example", "https:play.example",
        "https:/play.example",
        "https://", "https://play.example/", "https://play.example?x", "https://a@play.example",
        "https://*.example",
        "1http://play.example", "ht tp://play.example", "https://play.example:0", "file:///",
        "https://a, https://b",
    ])
    func anythingElse_isNone(_ text: String) {
        #expect(WebOrigin.canonical(text) == nil)
    }
}
