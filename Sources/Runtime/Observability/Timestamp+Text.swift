internal import FoundationEssentials
internal import Glibc
public import Store

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`.
    public var rfc3339: String {
        let fraction = (milliseconds % 1_000 + 1_000) % 1_000
        return formatted("%Y-%m-%dT%H:%M:%S.") + String(1_000 + fraction).dropFirst() + "Z"
    }

    /// Reads RFC 3339, with or without fractions of a second. Nil for anything else.
    public init?(rfc3339 text: String) {
        let parsed =
            (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
            ?? (try? Date.ISO8601FormatStyle().parse(text))
        guard let parsed else { return nil }
        self.init(milliseconds: Int64((parsed.timeIntervalSince1970 * 1_000).rounded()))
    }

    /// The form of HTTP's `Date` (RFC 9110 section 5.6.7).
    public var httpDate: String { formatted("%a, %d %b %Y %H:%M:%S GMT") }

    /// strftime(3) in UTC. The process never calls setlocale(3), so names are English.
    private func formatted(_ format: String) -> String {
        var seconds = time_t(milliseconds >= 0 ? milliseconds / 1_000 : (milliseconds - 999) / 1_000)
        var parts = unsafe tm()
        guard unsafe gmtime_r(&seconds, &parts) != nil else { return "" }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe strftime(
                bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, format, &parts)
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
