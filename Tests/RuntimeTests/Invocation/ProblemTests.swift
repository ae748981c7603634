import SQLite
import Ledger
@testable import Engine
@testable import Functions
import Runtime
import Testing

@Suite struct ProblemTests {
    @Test(arguments: [
        (StoreError.full, 507), (.admissionLost(full: true), 507), (.admissionLost(full: false), 503),
        (.busy, 503), (.overloaded, 503), (.closed, 503), (.leaseLost, 503), (.io(code: 522), 500),
        (.disk(errno: 5), 500), (.replaced(path: "x"), 500), (.corrupt, 500), (.readOnly, 500),
    ]) func storesFault_hasItsStatus_alsoWhenItIsReplayed(_ error: StoreError, _ status: Int) {
        let problem = Problem(error)
        #expect(problem.status == status)
        #expect((problem.retryAfter != nil) == (status == 503), "what does not pass is not asked for again")
        #expect(Problem(StoreFault(error).error) == problem)
    }
}
