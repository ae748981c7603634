extension Schema {
    /// Jobs whose hosts died, and times that were written while the clock was ahead.
    ///
    /// Before, `attempts` counted how often a job had been handed out. What waits where nobody holds it gets its own time
    /// as that of its writing: where it is later than now, the clock was ahead.
    static let jobTimes = """
        -- How often a job's lease was lost; attempts counts its failures.
        ALTER TABLE job ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
        -- When ready_at was written, and the last job of the lease.
        ALTER TABLE job_group ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE job_group ADD COLUMN claimed INTEGER NOT NULL DEFAULT 0;
        UPDATE job_group SET since = ready_at WHERE owner IS NULL;
        """
}
