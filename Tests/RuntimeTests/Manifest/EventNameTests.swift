import Runtime
import Testing

@Suite struct EventNameTests {
    @Test(arguments: [
        ("player_action", "/", "player_action"), ("*", "/", "*"), ("$ack:trade", "/", "$ack:trade"),
        ("a#b", "/", "a#b"), ("/lobby#chat", "/lobby", "chat"), ("/lobby#a#b", "/lobby", "a#b"),
        ("/a/b#$connect", "/a/b", "$connect"), ("/ws#", "/ws", ""), ("", "/", ""),
        // Not full names of anything; they are kept as they are.
        ("/lobby", "/", "/lobby"), ("/#chat", "/", "/#chat"),
    ])
    func aFullName_hasAPlaceAndAnEvent(_ text: String, _ place: String, _ event: String) {
        let name = EventName(text)
        #expect(name.place == place)
        #expect(name.event == event)
        #expect(name.description == text)
    }

    @Test func anEventOfAClient_cannotReachAnotherNamespace() {
        #expect(EventName("chat", in: "/lobby")?.description == "/lobby#chat")
        #expect(EventName("/other#chat", in: "/lobby")?.description == "/lobby#/other#chat")
        #expect(EventName("a#b", in: "/")?.description == "a#b")
        #expect(EventName("/lobby#chat", in: "/") == nil)
    }
}
