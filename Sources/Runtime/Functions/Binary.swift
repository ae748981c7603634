internal import Base
internal import FoundationEssentials

/// Bytes inside JSON: `{"$binary":"BASE64"}` (RFC 4648 section 4, with padding).
///
/// In what a socket sends or is sent it stands for a binary attachment (Socket.IO) or a binary frame (plain WebSocket).
public struct Binary: Codable, Sendable, Equatable {
    /// The one member of its JSON object.
    public static let member = "$binary"

    /// The bytes.
    public var bytes: [UInt8]

    /// Some bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    private enum CodingKeys: String, CodingKey { case base64 = "$binary" }

    /// Throws a `DecodingError` for anything but an object with base64 text.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let text = try members.decode(String.self, forKey: .base64)
        guard let data = Base64.decode(text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .base64, in: members, debugDescription: "must be base64 (RFC 4648)")
        }
        bytes = data
    }

    /// Writes the object.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(Base64.encode(bytes), forKey: .base64)
    }
}
