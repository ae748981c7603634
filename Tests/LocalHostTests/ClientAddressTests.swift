@testable import LocalHost
import Runtime
import Testing
import Wire

@Suite struct ClientAddressTests {
    private func address(
        _ header: ForwardedHeader, _ fields: [(String, String)],
        proxies: [String] = ["127.0.0.1", "10.0.0.9"],
        peer: String = "127.0.0.1"
    ) -> String {
        ClientAddress(proxies: proxies, header: header).of(HTTPHeaders(fields), peer: peer)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("192.0.2.1:8080", "192.0.2.1"), ("[2001:DB8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"), ("2001:db8::1", "2001:db8::1"),
        ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
        ("9.9.9.9, 192.0.2.1:1 ", "192.0.2.1"), ("192.0.2.1, 10.0.0.9:55", "192.0.2.1"),
        ("192.0.2.1:_port", "192.0.2.1"), ("10.0.0.9", "10.0.0.9"),
        // What cannot be read is nobody: the proxy that said so counts.
        ("192.0.2.1, unknown", "127.0.0.1"), ("192.0.2.1, unknown, 10.0.0.9", "10.0.0.9"), ("", "127.0.0.1"),
        ("192.0.2.1,,", "192.0.2.1"), ("192.0.2.1:", "127.0.0.1"), ("192.0.2.1:123456", "127.0.0.1"),
        ("[192.0.2.1]", "127.0.0.1"), ("[2001:db8::1", "127.0.0.1"), ("[2001:db8::1]x", "127.0.0.1"),
        ("[2001:db8::1]:", "127.0.0.1"), ("192.0.2.1:80:80", "127.0.0.1"), ("_hidden", "127.0.0.1"),
        ("fe80::1%eth0", "127.0.0.1"), ("1.2. 3.4", "127.0.0.1"), ("for=192.0.2.1", "127.0.0.1"),
    ])
    func anXForwardedFor_isReadWithPortsAndBrackets(field: String, expected: String) {
        #expect(address(.xForwardedFor, [("X-Forwarded-For", field)]) == expected)
    }

    @Test(arguments: [
        ("for=192.0.2.1", "192.0.2.1"), (#"for="192.0.2.1:8080";proto=https"#, "192.0.2.1"),
        (#"For="[2001:db8:cafe::17]:4711""#, "2001:db8:cafe::17"),
        (#"by=10.0.0.9;FOR="[2001:db8::1]""#, "2001:db8::1"),
        (#"for=9.9.9.9;host="a,b;c\"", for=192.0.2.1"#, "192.0.2.1"),
        ("for=192.0.2.1, for=10.0.0.9", "192.0.2.1"),
        (#"for="192.0.2\.1""#, "192.0.2.1"), ("for=192.0.2.1 ;proto=http , ", "192.0.2.1"),
        // As proxies write it, though the grammar asks for quotes.
        ("for=192.0.2.1:8080", "192.0.2.1"), ("for=[2001:db8::1]:8080", "2001:db8::1"),
        (#"for="192.0.2.1:_x""#, "192.0.2.1"),
        ("for=192.0.2.1, for=unknown", "127.0.0.1"), ("for=192.0.2.1, for=_secret", "127.0.0.1"),
        ("for=192.0.2.1, for=unknown, for=10.0.0.9", "10.0.0.9"), ("for=192.0.2.1, proto=https", "127.0.0.1"),
        // A client's quote that would hide what the proxy adds.
        (#"for=9.9.9.9;by=", for=192.0.2.1"#, "127.0.0.1"),
        (#"for=9.9.9.9;by="\, for="[2001:db8::1]""#, "127.0.0.1"),
        ("for=192.0.2.1;for=9.9.9.9", "127.0.0.1"), ("for = 192.0.2.1", "127.0.0.1"), ("for=", "127.0.0.1"),
        ("192.0.2.1", "127.0.0.1"), ("for=\"192.0.2.1\"x", "127.0.0.1"),
        ("for=192.0.2.1 for=9.9.9.9", "127.0.0.1"),
    ])
    func aForwarded_isReadByItsGrammar(field: String, expected: String) {
        #expect(address(.forwarded, [("Forwarded", field)]) == expected)
    }

    @Test func onlyTheFieldThatIsConfigured_counts_andOfATrustedPeerOnly() {
        let both = [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.2")]
        #expect(address(.xForwardedFor, both) == "192.0.2.1")
        #expect(address(.forwarded, both) == "192.0.2.2")
        #expect(address(.xForwardedFor, [("Forwarded", "for=192.0.2.2")]) == "127.0.0.1")
        #expect(address(.forwarded, [("X-Forwarded-For", "192.0.2.1")]) == "127.0.0.1")
        #expect(address(.forwarded, both, peer: "192.0.2.9") == "192.0.2.9")
        #expect(address(.xForwardedFor, both, proxies: []) == "127.0.0.1")
        // Lines of one field are one list, in order.
        let lines = [("Forwarded", "for=192.0.2.1"), ("forwarded", "for=192.0.2.2;by=x, for=10.0.0.9")]
        #expect(address(.forwarded, lines) == "192.0.2.2")
    }

    @Test func anyCutOfAField_givesAnAddressOrThePeer() {
        let field = #"for=192.0.2.1;by="a\"b", for="[2001:db8::1]:80";host=x, For=10.0.0.9"#
        for end in field.indices {
            for start in field.indices where start <= end {
                let address = address(.forwarded, [("Forwarded", String(field[start..<end]))])
                #expect(IPLiteral.canonical(address) == address)
            }
        }
    }
}
