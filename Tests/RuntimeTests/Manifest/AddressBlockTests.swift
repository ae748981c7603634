import Runtime
import Testing

@Suite struct AddressBlockTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"), ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::1", "::/64"), ("::ffff:10.1.2.3", "10.1.2.3"),
    ])
    func anIPv6Address_isCountedByItsFirst64Bits(_ address: String, _ block: String) {
        #expect(AddressBlock.of(address) == block)
        #expect(AddressBlock.of(block) == block)
    }

    @Test(arguments: ["fe80::1", "fe80::1%eth0", "febf::2", "unknown", "local", "", "1:2", "2001:db8::/64"])
    func anAddressOfTheLink_andWhatIsNoAddress_areBlocksOfTheirOwn(_ text: String) {
        #expect(AddressBlock.of(text) == text)
    }

    /// A replay counts by stand-ins as the host counted by addresses.
    @Test func aStandIn_givesThatOfItsBlock() {
        #expect(AddressBlock.of("address-0123456789abcdef") == "address-0123456789abcdef")
        #expect(
            AddressBlock.of("address-0123456789abcdef.00112233445566ff") == "address-0123456789abcdef")
    }
}
