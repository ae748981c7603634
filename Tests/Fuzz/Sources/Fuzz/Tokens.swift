import Base
@testable import Identity
import Runtime

private let key = "a key that the fuzzer cannot know: 7d3f"
private let now = Timestamp(milliseconds: 1_700_000_000_000)

/// Tokens: none is taken whose signature is not right, and what is taken is whole. An input with a line feed is a header
/// and a payload, which are signed here, so that their readers are reached; any other is a token.
func fuzzTokens(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input, to: 4_096)
    let tokens = Tokens([Issuer(issuer: "gestaloka", audience: "gestaloka", key: key)])
    guard let feed = bytes.firstIndex(of: 0x0a) else {
        let isTaken = (try? tokens.verify(String(decoding: bytes, as: UTF8.self), now: now)) != nil
        return require(!isTaken, "nobody signs without the key")
    }
    let (header, payload) = (Array(bytes[..<feed]), Array(bytes[(feed + 1)...]))
    let signed = Base64.encode(url: header) + "." + Base64.encode(url: payload)
    guard let signature = Cryptography.hmacSHA256(key: Array(key.utf8), Array(signed.utf8)) else { return }
    let token = signed + "." + Base64.encode(url: signature)
    guard let claims = try? tokens.verify(token, now: now) else { return }
    require(token.utf8.count <= Tokens.maximumLength, "a token is within its limit")
    require((1...128).contains(claims.subject.utf8.count), "there is a subject")
    require(claims.session != nil, "there is a session")
    guard let end = claims.expiresAt else { return require(false, "there is an end") }
    require(end > now, "the end has not come")
    require((try? tokens.verify(token, now: now)) == claims, "the same token says the same again")
    require((try? tokens.verify(token + "A", now: now)) == nil, "a longer signature is another one")
    guard end > now + .seconds(2), let again = tokens.sign(claims, now: now),
        again.utf8.count <= Tokens.maximumLength
    else { return }
    let copy = try? tokens.verify(again, now: now)
    require(
        copy?.subject == claims.subject && copy?.session == claims.session && copy?.roles == claims.roles,
        "claims that are signed anew are the same")
}
