/// Queues: groups of jobs, leases, dead letters.
final class JobStatements {
    fileprivate let insert: Statement
    fileprivate let openGroup: Statement
    fileprivate let readyGroups: Statement
    fileprivate let lease: Statement
    fileprivate let read: Statement
    fileprivate let countAttempt: Statement
    fileprivate let refundAttempt: Statement
    fileprivate let delete: Statement
    fileprivate let bury: Statement
    fileprivate let holdsLease: Statement
    fileprivate let freeGroup: Statement
    fileprivate let deleteEmptyGroup: Statement
    fileprivate let prolong: Statement

    init(_ database: Database) {
        insert = Statement(
            database,
            """
            INSERT INTO job(queue, name, number, id, payload, traceparent, enqueued_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        openGroup = Statement(
            database, "INSERT OR IGNORE INTO job_group(queue, name, ready_at) VALUES (?1, ?2, ?3)")
        readyGroups = Statement(
            database,
            "SELECT name FROM job_group WHERE queue = ?1 AND ready_at <= ?2 ORDER BY ready_at LIMIT ?3")
        lease = Statement(
            database,
            "UPDATE job_group SET ready_at = ?3, owner = ?4, lease = ?5 WHERE queue = ?1 AND name = ?2")
        read = Statement(
            database,
            """
            SELECT number, id, payload, traceparent, attempts FROM job WHERE queue = ?1 AND name = ?2
            ORDER BY number LIMIT ?3
            """)
        countAttempt = Statement(
            database,
            "UPDATE job SET attempts = attempts + 1 WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        refundAttempt = Statement(
            database,
            "UPDATE job SET attempts = attempts - 1 WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        delete = Statement(database, "DELETE FROM job WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        bury = Statement(
            database,
            """
            INSERT INTO dead_letter(number, queue, name, id, payload, attempts, reason, at)
            SELECT number, queue, name, id, payload, attempts, ?4, ?5 FROM job
            WHERE queue = ?1 AND name = ?2 AND number <= ?3
            """)
        holdsLease = Statement(
            database, "SELECT 1 FROM job_group WHERE queue = ?1 AND name = ?2 AND lease = ?3")
        freeGroup = Statement(
            database,
            "UPDATE job_group SET ready_at = ?3, owner = NULL, lease = 0 WHERE queue = ?1 AND name = ?2")
        deleteEmptyGroup = Statement(
            database,
            """
            DELETE FROM job_group WHERE queue = ?1 AND name = ?2
            AND NOT EXISTS (SELECT 1 FROM job WHERE queue = ?1 AND name = ?2)
            """)
        prolong = Statement(database, "UPDATE job_group SET ready_at = max(ready_at, ?2) WHERE owner = ?1")
    }
}

extension Transaction {
    func enqueue(
        _ queue: String, group: String, id: String, payload: String, traceparent: String?, at now: Timestamp
    ) throws(StoreError) {
        try jobs.insert.run(
            .text(queue), .text(group), .integer(nextNumber()), .text(id), .text(payload),
            .optional(traceparent),
            .time(now))
        let name = KnownState.GroupName(queue: queue, name: group)
        if !known.groups.contains(name) {
            try jobs.openGroup.run(.text(queue), .text(group), .time(now))
            known.remember(name)
        }
        committed.queues?.insert(queue)
    }

    func claim(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) throws(StoreError) -> [JobClaim] {
        var claims: [JobClaim] = []
        let names = try jobs.readyGroups.all(.text(queue), .time(now), .integer(max(0, groups))) {
            $0.text(0)
        }
        for name in names {
            let claim = try claim(
                queue: queue, group: name, owner: owner, leaseUntil: leaseUntil, batch: batch)
            if let claim { claims.append(claim) }
        }
        return claims
    }

    /// Leases the first jobs of one group; nil, and the group is forgotten, where it has none.
    func claim(
        queue: String, group: String, owner: String, leaseUntil: Timestamp, batch: Int
    ) throws(StoreError) -> JobClaim? {
        let found = try jobs.read.all(.text(queue), .text(group), .integer(max(0, batch))) { row in
            Job(
                number: row.integer(0), id: row.text(1), payload: row.text(2),
                traceparent: row.optionalText(3), attempts: Int(clamping: row.integer(4) + 1))
        }
        guard let last = found.last else {
            try deleteEmptyGroup(queue, group)
            return nil
        }
        let lease = nextNumber()
        try jobs.lease.run(.text(queue), .text(group), .time(leaseUntil), .text(owner), .integer(lease))
        try jobs.countAttempt.run(.text(queue), .text(group), .integer(last.number))
        return JobClaim(queue: queue, group: group, lease: lease, jobs: found)
    }

    /// Deletes jobs that are done, of a claim that `holdsLease`: else another worker may be doing them.
    func complete(_ claim: JobClaim, at now: Timestamp) throws(StoreError) {
        if let last = claim.jobs.last {
            try jobs.delete.run(.text(claim.queue), .text(claim.group), .integer(last.number))
        }
        try free(claim, readyAt: now)
    }

    /// Gives jobs back; the number it takes, 0 where the lease was lost.
    func giveBack(_ claim: JobClaim, _ fate: JobReturn) throws(StoreError) -> Int64 {
        guard try holdsLease(claim), let last = claim.jobs.last else { return 0 }
        let number = nextNumber()
        let queue = SQLValue.text(claim.queue)
        let group = SQLValue.text(claim.group)
        let upTo = SQLValue.integer(last.number)
        switch fate {
        case .wait(let until):
            try jobs.refundAttempt.run(queue, group, upTo)
            try free(claim, readyAt: until)
        case .retry(let at):
            try free(claim, readyAt: at)
        case .bury(let reason, let at):
            try jobs.bury.run(queue, group, upTo, .text(reason), .time(at))
            try jobs.delete.run(queue, group, upTo)
            try free(claim, readyAt: at)
        }
        return number
    }

    func prolongLeases(owner: String, until: Timestamp) throws(StoreError) {
        try jobs.prolong.run(.text(owner), .time(until))
    }

    /// Whether the jobs are still the claim's. One of no jobs holds nothing.
    func holdsLease(_ claim: JobClaim) throws(StoreError) -> Bool {
        guard !claim.jobs.isEmpty else { return false }
        return try jobs.holdsLease.first(.text(claim.queue), .text(claim.group), .integer(claim.lease)) { _ in
            true
        }
            ?? false
    }

    private func free(_ claim: JobClaim, readyAt: Timestamp) throws(StoreError) {
        try jobs.freeGroup.run(.text(claim.queue), .text(claim.group), .time(readyAt))
        try deleteEmptyGroup(claim.queue, claim.group)
        committed.queues?.insert(claim.queue)
    }

    private func deleteEmptyGroup(_ queue: String, _ group: String) throws(StoreError) {
        try jobs.deleteEmptyGroup.run(.text(queue), .text(group))
        known.forget(KnownState.GroupName(queue: queue, name: group))
    }
}
