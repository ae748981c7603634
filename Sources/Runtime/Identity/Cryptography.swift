internal import CCrypto

/// libcrypto's primitives. The only file that calls it.
///
/// Sound because every call gets the buffer's own length, and results go to arrays of the algorithm's fixed size.
package enum Cryptography {
    /// HMAC-SHA-256 (RFC 2104, FIPS 180-4): 32 bytes. Nil when libcrypto fails.
    package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let result = unsafe digest.withUnsafeMutableBufferPointer { digest in
            unsafe HMAC(
                EVP_sha256(), key, Int32(key.count), message, message.count, digest.baseAddress, &length)
        }
        return unsafe result != nil && length == 32 ? digest : nil
    }

    /// SHA-256 (FIPS 180-4): 32 bytes. Nil when libcrypto fails.
    package static func sha256(_ message: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        let result = unsafe digest.withUnsafeMutableBufferPointer { digest in
            unsafe SHA256(message, message.count, digest.baseAddress)
        }
        return unsafe result != nil ? digest : nil
    }

    /// SHA-1 (FIPS 180-4): 20 bytes, for the WebSocket handshake only (RFC 6455 section 4.2.2).
    package static func sha1(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        unsafe digest.withUnsafeMutableBufferPointer { digest in
            _ = unsafe SHA1(message, message.count, digest.baseAddress)
        }
        return digest
    }

    /// Whether two byte strings are equal, in a time that does not depend on where they differ.
    package static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        unsafe a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }

    // libcrypto keeps two generators of one seed that share no state: what leaves the process by the one tells nothing
    // of the other (RAND_bytes(3), RAND_priv_bytes).

    /// Bytes that nobody may learn or guess: keys, and ids that open a door. Nil when the generator cannot be seeded.
    package static func secretBytes(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return unsafe RAND_priv_bytes(&bytes, Int32(clamping: count)) == 1 ? bytes : nil
    }

    /// Bytes that others may come to know, such as seeds of what is shown. Nil when the generator cannot be seeded.
    package static func shownBytes(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return unsafe RAND_bytes(&bytes, Int32(clamping: count)) == 1 ? bytes : nil
    }
}
