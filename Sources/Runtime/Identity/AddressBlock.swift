/// By what clients are told apart where they are counted by address.
///
/// An IPv4 address stands for itself. Of an IPv6 address the first 64 bits do (RFC 6177 section 2, RFC 7421): whoever
/// has one address there has them all, and takes another for each request.
public enum AddressBlock {
    /// How the stand-ins begin that a recording has for addresses.
    package static let standIn = "address-"

    /// The block of an address in the spelling of ``IPLiteral``: the address itself for IPv4, `2001:db8::/64` for
    /// IPv6. An address of the link (RFC 4291 section 2.5.6) is a block of its own, for all of a link share their
    /// first 64 bits. A stand-in gives the block's stand-in; any other text is its own block.
    public static func of(_ address: String) -> String {
        if address.hasPrefix(standIn) { return String(address.prefix { $0 != "." }) }
        guard address.utf8.contains(UInt8(ascii: ":")), let groups = IPLiteral.groups(address),
            groups[0] & 0xFFC0 != 0xFE80
        else { return address }
        let written = IPLiteral.written(groups)
        // An IPv4 address in the spelling of IPv6.
        guard written.utf8.contains(UInt8(ascii: ":")) else { return written }
        return IPLiteral.written(groups.prefix(4) + [0, 0, 0, 0]) + "/64"
    }
}
