internal import Base
internal import Ledger

/// A counter inside a transaction, written back at its end if changed.
///
/// A class, so that a hit changes the window where it is instead of a copy.
final class OpenRateWindow {
    var window: RateWindow
    let rule: RateRule
    var isChanged = false

    init(window: RateWindow, rule: RateRule) {
        self.window = window
        self.rule = rule
    }
}

final class RateStatements {
    fileprivate let read: Statement
    fileprivate let write: Statement
    fileprivate let readSession: Statement
    private let update: Statement
    private let trims: [Statement]

    init(_ database: Database) {
        read = Statement(database, "SELECT hits FROM rate WHERE key = ?1")
        write = Statement(database, "INSERT OR REPLACE INTO rate(key, hits, expires_at) VALUES (?1, ?2, ?3)")
        update = Statement(database, "UPDATE rate SET hits = ?2 WHERE key = ?1 AND expires_at = ?3")
        readSession = Statement(
            database, "SELECT subject, expires_at FROM session WHERE id = ?1 AND revoked_at IS NULL")
        trims = [
            Statement(
                database,
                "DELETE FROM rate WHERE key IN (SELECT key FROM rate WHERE expires_at < ?1 LIMIT ?2)"),
            Statement(
                database,
                "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < ?1 LIMIT ?2)"),
        ]
    }

    /// Writes a counter. Its expiry is rounded up to a whole window, so that the index of expiries changes once a window
    /// and not with every hit.
    func store(_ rate: OpenRateWindow) throws(StoreError) {
        let expiry = rate.window.expiry(rate.rule).roundedUp(to: rate.rule.window)
        let (key, hits) = (SQLValue.text(rate.rule.key), SQLValue.blob(rate.window.encoded))
        if try update.changes(key, hits, .time(expiry)) == 0 { try write.run(key, hits, .time(expiry)) }
    }

    /// Drops at most `limit` counters and as many sessions that expired before `now`; the larger of the counts.
    func trim(before now: Timestamp, limit: Int) throws(StoreError) -> Int {
        var most = 0
        for trim in trims { most = max(most, try trim.changes(.time(now), .integer(limit))) }
        return most
    }
}

extension Transaction {
    /// Session, kept answers, rates and concurrency, in this order; only an admission counts against the rates.
    func admit(_ request: AdmissionRequest) throws(StoreError) -> AdmissionDecision {
        let before = order.last
        let number = order.next()
        do throws(StoreError) { return try decide(request, number) } catch {
            // Nobody is told of it, and the transaction may go on: what could not be read need not have ended it.
            order.takeBack(to: before)
            throw error
        }
    }

    private func decide(_ request: AdmissionRequest, _ number: Int64) throws(StoreError) -> AdmissionDecision
    {
        if let id = request.session {
            guard let session = try session(id), session.end > request.now else {
                return .sessionEnded(number: number)
            }
            if let subject = request.subject, subject != session.subject {
                return .sessionOfAnother(number: number)
            }
        }
        if let kept = try tables.answers.answer(to: request.key, at: request.now) {
            return .answered(kept, number: number)
        }
        var nearest: RateStatus?
        // All are read before one is counted, so that an error leaves none counted.
        var windows: [OpenRateWindow] = []
        windows.reserveCapacity(request.rates.count)
        for rule in request.rates { windows.append(try openRateWindow(rule)) }
        for (index, (rule, open)) in zip(request.rates, windows).enumerated() {
            let newest = open.window.steps.last?.time
            let (isAllowed, status) = open.window.hit(rule, now: request.now)
            guard isAllowed else {
                // A refusal is worth writing only where the clock was set back, or the window would never move.
                if open.window.steps.last?.time != newest { known.markChanged(open) }
                for open in windows[..<index] { open.window.takeBack() }
                return .rateExceeded(status, number: number)
            }
            known.markChanged(open)
            if nearest.map({ status.remaining < $0.remaining }) ?? true { nearest = status }
        }
        guard let ticket = shared.inFlight.begin(request.function, limit: request.concurrency) else {
            for open in windows { open.window.takeBack() }
            return .concurrencyExceeded(number: number)
        }
        return .admitted(Ticket(number: number, id: ticket), nearest)
    }

    func writeRateWindows() throws(StoreError) {
        for rate in known.changedRates {
            try tables.rates.store(rate)
        }
        known.ratesAreStored()
    }

    /// A session that is not revoked; it may have expired.
    private func session(_ id: String) throws(StoreError) -> KnownState.Session? {
        if let session = known.sessions[id] { return session }
        let session = try tables.rates.readSession.first(.text(id)) {
            KnownState.Session(subject: $0.text(0), end: $0.time(1))
        }
        if let session { known.remember(session, id: id) }
        return session
    }

    private func openRateWindow(_ rule: RateRule) throws(StoreError) -> OpenRateWindow {
        if let open = known.rates[rule.key] { return open }
        let stored = try tables.rates.read.first(.text(rule.key)) { $0.blob(0) }
        let open = OpenRateWindow(window: RateWindow(encoded: stored ?? []), rule: rule)
        known.remember(open)
        return open
    }
}
