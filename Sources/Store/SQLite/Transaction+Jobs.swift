internal import Base
internal import Ledger

/// The table of jobs, and that of dead letters.
final class JobStatements {
    fileprivate let insert: Statement
    fileprivate let read: Statement
    fileprivate let countAttempt: Statement
    fileprivate let countLoss: Statement
    fileprivate let delete: Statement
    fileprivate let bury: Statement

    init(_ database: Database) {
        insert = Statement(
            database,
            """
            INSERT INTO job(queue, name, number, id, payload, traceparent, enqueued_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        read = Statement(
            database,
            """
            SELECT number, id, payload, traceparent, attempts, lost FROM job WHERE queue = ?1 AND name = ?2
            ORDER BY number LIMIT ?3
            """)
        countAttempt = Statement(
            database,
            "UPDATE job SET attempts = attempts + 1 WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        countLoss = Statement(
            database, "UPDATE job SET lost = lost + 1 WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        delete = Statement(database, "DELETE FROM job WHERE queue = ?1 AND name = ?2 AND number <= ?3")
        bury = Statement(
            database,
            """
            INSERT INTO dead_letter(number, queue, name, id, payload, attempts, reason, at)
            SELECT number, queue, name, id, payload, attempts, ?4, ?5 FROM job
            WHERE queue = ?1 AND name = ?2 AND number <= ?3
            """)
    }

    /// The first jobs of a group, at most `batch`, as a claim would have them.
    func first(of group: String, in queue: String, batch: Int) throws(StoreError) -> [Job] {
        try read.all(.text(queue), .text(group), .integer(max(0, batch))) { row in
            Job(
                number: row.integer(0), id: row.text(1), payload: row.text(2),
                traceparent: row.optionalText(3), attempts: Int(clamping: row.integer(4) + 1),
                lost: Int(clamping: row.integer(5)))
        }
    }
}

/// The table of groups of jobs: whose turn it is, and whose lease.
final class GroupStatements {
    fileprivate let open: Statement
    fileprivate let ready: Statement
    fileprivate let lease: Statement
    fileprivate let suspectRuns: Statement
    fileprivate let holds: Statement
    fileprivate let free: Statement
    fileprivate let deleteEmpty: Statement
    fileprivate let prolong: Statement
    fileprivate let correctTimes: Statement
    fileprivate let queues: Statement
    fileprivate let freeAll: Statement

    init(_ database: Database) {
        open = Statement(
            database, "INSERT OR IGNORE INTO job_group(queue, name, ready_at, since) VALUES (?1, ?2, ?3, ?3)")
        ready = Statement(
            database,
            """
            SELECT name, owner IS NOT NULL, claimed FROM job_group WHERE queue = ?1 AND ready_at <= ?2
            ORDER BY ready_at LIMIT ?3
            """)
        lease = Statement(
            database,
            """
            UPDATE job_group SET ready_at = ?3, owner = ?4, lease = ?5, since = ?6, claimed = ?7
            WHERE queue = ?1 AND name = ?2
            """)
        suspectRuns = Statement(
            database,
            """
            SELECT 1 FROM job_group AS g WHERE owner IS NOT NULL AND ready_at > ?1 AND EXISTS (
                SELECT 1 FROM job AS j WHERE j.queue = g.queue AND j.name = g.name AND j.number <= g.claimed
                AND j.lost >= ?2) LIMIT 1
            """)
        holds = Statement(
            database, "SELECT 1 FROM job_group WHERE queue = ?1 AND name = ?2 AND lease = ?3")
        free = Statement(
            database,
            """
            UPDATE job_group SET ready_at = ?3, owner = NULL, lease = 0, since = ?4, claimed = 0
            WHERE queue = ?1 AND name = ?2
            """)
        deleteEmpty = Statement(
            database,
            """
            DELETE FROM job_group WHERE queue = ?1 AND name = ?2
            AND NOT EXISTS (SELECT 1 FROM job WHERE queue = ?1 AND name = ?2)
            """)
        prolong = Statement(
            database, "UPDATE job_group SET ready_at = ?2, since = ?3 WHERE owner = ?1 AND ready_at < ?2")
        correctTimes = Statement(
            database,
            "UPDATE job_group SET ready_at = ?1 + max(0, ready_at - since), since = ?1 WHERE since > ?2")
        queues = Statement(database, "SELECT DISTINCT queue FROM job_group")
        freeAll = Statement(
            database,
            """
            UPDATE job_group SET ready_at = ?2, owner = NULL, lease = 0, since = ?2, claimed = 0 WHERE owner = ?1
            """)
    }

    /// Of the jobs that may have ended their hosts one runs at a time: else each would be charged with the others' deeds.
    func mayRun(_ job: Job, now: Timestamp) throws(StoreError) -> Bool {
        guard job.lost >= Job.suspectLosses else { return true }
        let isRunning = try suspectRuns.first(.time(now), .integer(Job.suspectLosses)) { _ in true }
        return isRunning == nil
    }

    /// Whether the jobs are still the claim's. One of no jobs holds nothing.
    func isHeld(by claim: JobClaim) throws(StoreError) -> Bool {
        guard !claim.jobs.isEmpty else { return false }
        let held = try holds.first(.text(claim.queue), .text(claim.group), .integer(claim.lease)) { _ in true
        }
        return held ?? false
    }
}

extension Transaction {
    func enqueue(
        _ queue: String, group: String, id: String, payload: String, traceparent: String?, number: Int64,
        at now: Timestamp
    ) throws(StoreError) {
        try tables.jobs.insert.run(
            .text(queue), .text(group), .integer(number), .text(id), .text(payload),
            .optional(traceparent),
            .time(now))
        let name = KnownState.GroupName(queue: queue, name: group)
        if known.groups[name] == nil {
            try tables.groups.open.run(.text(queue), .text(group), .time(now))
            known.remember(name)
        }
        committed.queues?.insert(queue)
    }

    func claim(
        queue: String, owner: String, now: Timestamp, leaseUntil: Timestamp, groups: Int, batch: Int
    ) throws(StoreError) -> [JobClaim] {
        var claims: [JobClaim] = []
        let ready = try tables.groups.ready.all(.text(queue), .time(now), .integer(max(0, groups))) {
            (name: $0.text(0), isLeased: $0.integer(1) != 0, claimed: $0.integer(2))
        }
        for group in ready {
            // Whoever had it is gone, or stood still for as long as that.
            if group.isLeased {
                try tables.jobs.countLoss.run(.text(queue), .text(group.name), .integer(group.claimed))
            }
            var found = try tables.jobs.first(of: group.name, in: queue, batch: batch)
            if let first = found.first {
                // What failed, or was lost, goes alone: so that no other is charged with it.
                found.removeSubrange(
                    first.isFresh ? (found.firstIndex { !$0.isFresh } ?? found.count)... : 1...)
                guard try tables.groups.mayRun(first, now: now) else {
                    try free(queue, group.name, readyAt: now + Job.suspicion, since: now)
                    continue
                }
            }
            let claim = try lease(
                found, queue: queue, group: group.name, owner: owner, until: leaseUntil, since: now)
            if let claim { claims.append(claim) }
        }
        return claims
    }

    /// Leases exactly the first jobs of one group, for a replay; nil, and the group is forgotten, where it has none.
    func claim(
        queue: String, group: String, owner: String, leaseUntil: Timestamp, batch: Int
    ) throws(StoreError) -> JobClaim? {
        try lease(
            tables.jobs.first(of: group, in: queue, batch: batch), queue: queue, group: group, owner: owner,
            until: leaseUntil, since: leaseUntil)
    }

    private func lease(
        _ found: [Job], queue: String, group: String, owner: String, until: Timestamp, since: Timestamp
    ) throws(StoreError) -> JobClaim? {
        guard let last = found.last else {
            try deleteEmptyGroup(queue, group)
            return nil
        }
        let lease = order.next()
        try tables.groups.lease.run(
            .text(queue), .text(group), .time(until), .text(owner), .integer(lease), .time(since),
            .integer(last.number))
        return JobClaim(queue: queue, group: group, lease: lease, jobs: found)
    }

    /// Deletes jobs that are done, of a claim that holds them (`GroupStatements.isHeld`): else another worker may be doing them.
    func complete(_ claim: JobClaim, at now: Timestamp) throws(StoreError) {
        if let last = claim.jobs.last {
            try tables.jobs.delete.run(.text(claim.queue), .text(claim.group), .integer(last.number))
        }
        try free(claim.queue, claim.group, readyAt: now, since: now)
    }

    /// Gives jobs back; the number it takes, 0 where the lease was lost.
    func giveBack(_ claim: JobClaim, _ fate: JobReturn, at now: Timestamp) throws(StoreError) -> Int64 {
        guard try tables.groups.isHeld(by: claim), let last = claim.jobs.last else { return 0 }
        let number = order.next()
        let queue = SQLValue.text(claim.queue)
        let group = SQLValue.text(claim.group)
        let upTo = SQLValue.integer(last.number)
        switch fate {
        case .wait(let until):
            try free(claim.queue, claim.group, readyAt: until, since: now)
        case .retry(let at):
            try tables.jobs.countAttempt.run(queue, group, upTo)
            try free(claim.queue, claim.group, readyAt: at, since: now)
        case .bury(let reason, let at):
            try tables.jobs.countAttempt.run(queue, group, upTo)
            try tables.jobs.bury.run(queue, group, upTo, .text(reason), .time(at))
            try tables.jobs.delete.run(queue, group, upTo)
            try free(claim.queue, claim.group, readyAt: at, since: now)
        }
        return number
    }

    /// Prolongs a host's leases, and takes back what was written while the clock was ahead: a time later than now is
    /// none that something can have been written at, and so what is to be waited for counts from now on.
    func prolongLeases(owner: String, now: Timestamp, until: Timestamp) throws(StoreError) {
        if try tables.groups.correctTimes.changes(.time(now), .time(now + Job.clockSlack)) > 0 {
            try wakeAll()
        }
        try tables.groups.prolong.run(.text(owner), .time(until), .time(now))
    }

    /// Ends the leases of a host that stops: its jobs are neither failed nor lost.
    func freeLeases(owner: String, now: Timestamp) throws(StoreError) {
        if try tables.groups.freeAll.changes(.text(owner), .time(now)) > 0 { try wakeAll() }
    }

    private func wakeAll() throws(StoreError) {
        for queue in try tables.groups.queues.all(read: { $0.text(0) }) { committed.queues?.insert(queue) }
    }

    private func free(
        _ queue: String, _ group: String, readyAt: Timestamp, since: Timestamp
    ) throws(StoreError) {
        try tables.groups.free.run(.text(queue), .text(group), .time(readyAt), .time(since))
        try deleteEmptyGroup(queue, group)
        committed.queues?.insert(queue)
    }

    private func deleteEmptyGroup(_ queue: String, _ group: String) throws(StoreError) {
        try tables.groups.deleteEmpty.run(.text(queue), .text(group))
        known.forget(KnownState.GroupName(queue: queue, name: group))
    }
}
