internal import Base
public import Functions
internal import Identity
internal import Ledger

extension Engine {
    /// Who a token's bearer is: checked as the pipeline would check it now, but without an invocation and without a
    /// place in the store's order. For a host that has to know before it makes an event.
    ///
    /// Throws a 401 for a token that is refused, or whose session has ended or is another's.
    public func identify(_ token: String) async throws(Problem) -> Claims {
        let now = platform.now()
        let claims: Claims
        do throws(Tokens.Refusal) {
            claims = try tokens.verify(token, now: now)
        } catch { throw Problem(.unauthenticated, error.rawValue) }
        guard let session = claims.session else { return claims }
        let isLive: Bool
        do throws(StoreError) {
            isLive = try await state.isSessionLive(id: session, of: claims.subject, now: now)
        } catch { throw Problem(.busy, "The session could not be looked up.", retryAfter: .seconds(1)) }
        guard isLive else { throw Problem(.unauthenticated, "The session has ended.") }
        return claims
    }
}
