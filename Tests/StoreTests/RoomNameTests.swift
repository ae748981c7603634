import Ledger
import Testing

@Suite struct RoomNameTests {
    @Test(arguments: [
        ("table", "/"), ("/lobby#table", "/lobby"), ("/lobby#", "/lobby"), ("/a/b#c#d", "/a/b"), ("/x", "/"),
        ("", "/"), ("a#b", "/"), ("/#x", "/"), ("/lobby#$ack:trade", "/lobby"), ("/#\u{301}", "/"),
    ])
    func namespace_standsBeforeTheHash(name: String, namespace: String) {
        #expect(RoomName.namespace(of: name) == namespace)
    }

    @Test(arguments: [
        ("table", "/", "table"), ("table", "/lobby", "/lobby#table"), ("/bar#x", "/lobby", "/bar#x"),
        ("/bar#x", "/", "/bar#x"), ("/#x", "/lobby", "x"), ("/#x", "/", "x"), ("a#b", "/lobby", "/lobby#a#b"),
        ("/bar#x#", "/", "/bar#x#"), ("/x", "/", nil), ("/x", "/lobby", nil), ("", "/", nil),
        ("", "/lobby", nil), ("/bar#", "/", nil), ("/#", "/", nil), ("/#/x", "/", nil), ("/", "/", nil),
        ("a\nb", "/", nil), ("/bar#\u{7f}", "/", nil), ("/#\u{301}", "/", "\u{301}"),
    ])
    func name_isPutIntoANamespace_whereItHasNone(name: String, namespace: String, full: String?) {
        #expect(RoomName.qualified(name, in: namespace) == full)
    }

    @Test func names_haveALimit() {
        let name = String(repeating: "x", count: RoomName.maximumLength)
        #expect(RoomName.qualified(name, in: "/") == name)
        #expect(RoomName.qualified(name + "x", in: "/") == nil)
        #expect(RoomName.qualified(name, in: "/l") == nil)
    }
}
