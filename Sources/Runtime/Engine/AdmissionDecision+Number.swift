internal import Ledger

extension AdmissionDecision {
    /// Its place in the store's one order.
    package var number: Int64 {
        switch self {
        case .admitted(let ticket, _): ticket.number
        case .answered(_, let number), .sessionEnded(let number), .sessionOfAnother(let number),
            .rateExceeded(_, let number), .concurrencyExceeded(let number):
            number
        }
    }
}
