/// A counter inside a transaction, written back at its end if changed.
struct OpenRateWindow {
    var window: RateWindow
    var rule: RateRule
    var isChanged = false
}

final class RateStatements {
    fileprivate let read: Statement
    fileprivate let write: Statement
    fileprivate let readSession: Statement
    let trim: [Statement]

    init(_ database: Database) {
        read = Statement(database, "SELECT hits FROM rate WHERE key = ?1")
        write = Statement(database, "INSERT OR REPLACE INTO rate(key, hits, expires_at) VALUES (?1, ?2, ?3)")
        readSession = Statement(
            database, "SELECT 1 FROM session WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2")
        trim = [
            Statement(database, "DELETE FROM rate WHERE expires_at < ?1"),
            Statement(database, "DELETE FROM session WHERE expires_at < ?1"),
        ]
    }
}

extension Transaction {
    /// Session, rates and concurrency, in this order; only an admission counts against the rates.
    func admit(_ request: AdmissionRequest) throws(StoreError) -> AdmissionDecision {
        let number = nextNumber()
        if let session = request.session,
            try rates.readSession.first(.text(session), .time(request.now), read: { _ in true }) == nil
        {
            return .sessionEnded
        }
        var nearest: RateStatus?
        for (index, rule) in request.rates.enumerated() {
            var open = try openRateWindow(rule)
            let (isAllowed, status) = open.window.hit(rule, now: request.now)
            open.isChanged = true
            rateWindows[rule.key] = open
            guard isAllowed else {
                takeBack(request.rates[..<index])
                return .rateExceeded(status)
            }
            if nearest.map({ status.remaining < $0.remaining }) ?? true { nearest = status }
        }
        guard inFlight[request.function, default: 0] < request.concurrency else {
            takeBack(request.rates[...])
            return .concurrencyExceeded
        }
        inFlight[request.function, default: 0] += 1
        return .admitted(Ticket(number: number, function: request.function, transaction: fate), nearest)
    }

    /// Ends a ticket's claim on its function's concurrency.
    func endInvocation(_ ticket: Ticket) {
        guard let count = inFlight[ticket.function] else { return }
        inFlight[ticket.function] = count > 1 ? count - 1 : nil
    }

    func writeRateWindows() throws(StoreError) {
        for (key, open) in rateWindows where open.isChanged {
            try rates.write.run(.text(key), .blob(open.window.encoded), .time(open.window.expiry(open.rule)))
        }
        rateWindows.removeAll(keepingCapacity: true)
    }

    private func openRateWindow(_ rule: RateRule) throws(StoreError) -> OpenRateWindow {
        if let open = rateWindows[rule.key] { return open }
        let stored = try rates.read.first(.text(rule.key)) { $0.blob(0) }
        return OpenRateWindow(window: RateWindow(encoded: stored ?? []), rule: rule)
    }

    private func takeBack(_ rules: ArraySlice<RateRule>) {
        for rule in rules { rateWindows[rule.key]?.window.takeBack() }
    }
}
