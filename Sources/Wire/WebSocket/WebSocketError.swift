/// Why a WebSocket connection has to be closed.
public struct WebSocketError: Error, Equatable {
    /// The status code to close with (RFC 6455 7.4.1): 1002, 1003, 1007 or 1009.
    public let closeCode: UInt16
    /// A sentence that is fit for the peer and for a close frame; it repeats nothing that the peer sent.
    public let detail: String

    /// An error with the status code to close with and a text for the peer.
    public init(closeCode: UInt16, detail: String) {
        self.closeCode = closeCode
        self.detail = detail
    }

    static func violation(_ detail: String) -> WebSocketError {
        WebSocketError(closeCode: 1002, detail: detail)
    }
    static func notText(_ detail: String) -> WebSocketError {
        WebSocketError(closeCode: 1007, detail: detail)
    }
    static func tooBig(_ detail: String) -> WebSocketError {
        WebSocketError(closeCode: 1009, detail: detail)
    }
}
