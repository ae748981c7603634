internal import Ledger

/// The tables, and how an older file is brought to them.
enum Schema {
    /// "GSTL" in ASCII; tells our files from other SQLite databases (PRAGMA application_id).
    static let applicationID: Int64 = 0x4753_544C

    /// One entry a version, each applied in a transaction of its own and never edited once released.
    static let migrations: [String] = [
        """
        -- The store's one order: every admission, commit, journal entry, job and effect takes the next number.
        CREATE TABLE sequence(only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL);
        INSERT INTO sequence VALUES (1, 0);

        CREATE TABLE record(
            kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (kind, id)) WITHOUT ROWID;

        -- By number, so that new entries stand together: by stream each would change a page of its own.
        CREATE TABLE journal(
            number INTEGER PRIMARY KEY, stream TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,
            body TEXT NOT NULL, at INTEGER NOT NULL);
        CREATE INDEX journal_stream ON journal(stream);
        CREATE UNIQUE INDEX journal_id ON journal(id);

        CREATE TABLE session(
            id TEXT PRIMARY KEY, subject TEXT NOT NULL, created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL, revoked_at INTEGER) WITHOUT ROWID;
        CREATE INDEX session_subject ON session(subject);
        CREATE INDEX session_expiry ON session(expires_at);

        CREATE TABLE host(id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE connection(
            id TEXT PRIMARY KEY, host TEXT NOT NULL, subject TEXT NOT NULL, session TEXT,
            connected_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX connection_subject ON connection(subject);
        CREATE INDEX connection_host ON connection(host);
        CREATE TABLE membership(
            connection TEXT NOT NULL, room TEXT NOT NULL, PRIMARY KEY (connection, room)) WITHOUT ROWID;

        -- The times of the hits inside the moving window, packed (RateWindow).
        CREATE TABLE rate(key TEXT PRIMARY KEY, hits BLOB NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX rate_expiry ON rate(expires_at);

        -- A group's jobs run one batch at a time, in order. ready_at is also the end of a lease.
        CREATE TABLE job_group(
            queue TEXT NOT NULL, name TEXT NOT NULL, ready_at INTEGER NOT NULL, owner TEXT,
            lease INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (queue, name)) WITHOUT ROWID;
        CREATE INDEX job_group_ready ON job_group(queue, ready_at);
        CREATE INDEX job_group_owner ON job_group(owner) WHERE owner IS NOT NULL;
        CREATE TABLE job(
            number INTEGER PRIMARY KEY, queue TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,
            payload TEXT NOT NULL, traceparent TEXT, attempts INTEGER NOT NULL DEFAULT 0,
            enqueued_at INTEGER NOT NULL);
        CREATE INDEX job_of_group ON job(queue, name);
        CREATE TABLE dead_letter(
            number INTEGER PRIMARY KEY, queue TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL,
            payload TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);

        -- What sockets must be told, in order. kind: see Effect.
        CREATE TABLE outbox(
            number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, target TEXT NOT NULL, other TEXT NOT NULL,
            event TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL);
        """,
        """
        -- A connection outlives its socket (lost_at) until it is trimmed. What was emitted before `since` was not for it.
        ALTER TABLE connection ADD COLUMN namespace TEXT NOT NULL DEFAULT '/';
        ALTER TABLE connection ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE connection ADD COLUMN lost_at INTEGER;
        CREATE INDEX connection_lost ON connection(lost_at) WHERE lost_at IS NOT NULL;
        UPDATE connection SET since = (SELECT number FROM sequence);

        -- Who was in a room from one number of the order to another: in it now where there is no `left`.
        ALTER TABLE membership RENAME TO membership_1;
        CREATE TABLE membership(
            connection TEXT NOT NULL, room TEXT NOT NULL, joined INTEGER NOT NULL, left INTEGER,
            PRIMARY KEY (connection, room, joined)) WITHOUT ROWID;
        CREATE INDEX membership_left ON membership(left) WHERE left IS NOT NULL;
        INSERT INTO membership(connection, room, joined)
            SELECT connection, room, (SELECT number FROM sequence) FROM membership_1
            WHERE connection IN (SELECT id FROM connection);
        DROP TABLE membership_1;
        """,
        """
        -- Up to which number effects have been dropped: who has heard of no later one may have missed some.
        CREATE TABLE trimmed(only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL);
        INSERT INTO trimmed SELECT 1, coalesce(
            (SELECT min(number) - 1 FROM outbox), (SELECT number FROM sequence));
        """,
        """
        -- Answers for clients who ask again, by the number of their commit: so new ones stand together.
        CREATE TABLE answer(
            number INTEGER PRIMARY KEY, key TEXT NOT NULL, input BLOB NOT NULL, status INTEGER NOT NULL, body TEXT,
            expires_at INTEGER NOT NULL);
        CREATE UNIQUE INDEX answer_key ON answer(key);
        """,
        """
        -- What may be told later (EffectRow.kept): a client that comes back looks through nothing else.
        CREATE INDEX outbox_kept ON outbox(number) WHERE \(EffectRow.kept);
        """,
        """
        -- Which store this is, and up to which number all is in its file (StoreIdentity). In this table, whose row every
        -- commit changes, and so brings into the log.
        ALTER TABLE sequence ADD COLUMN store TEXT NOT NULL DEFAULT '';
        ALTER TABLE sequence ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE sequence ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
        \(StoreIdentity.renewal);

        -- How many dead letters a queue has: they are kept, and to count them would take longer and longer.
        CREATE TABLE dead_letter_count(queue TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO dead_letter_count SELECT queue, count(*) FROM dead_letter GROUP BY queue;
        CREATE TRIGGER dead_letter_added AFTER INSERT ON dead_letter BEGIN
            INSERT INTO dead_letter_count VALUES (NEW.queue, 1) ON CONFLICT(queue) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER dead_letter_removed AFTER DELETE ON dead_letter BEGIN
            UPDATE dead_letter_count SET count = count - 1 WHERE queue = OLD.queue;
        END;
        """,
        jobTimes,
    ]

    /// Refuses, without a change, what is not ours or is newer.
    static func check(_ database: Database) throws(StoreError) {
        // One read transaction: another process may be making the store just now.
        try database.execute("BEGIN")
        do throws(StoreError) {
            _ = try version(database)
            try database.execute("COMMIT")
        } catch {
            if !database.isAutocommit { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    /// Makes a new file a store, or brings an older one up to date. For files that `check` has passed. Whether there was
    /// anything to do.
    @discardableResult
    static func prepare(_ database: Database) throws(StoreError) -> Bool {
        if try database.integer("PRAGMA user_version") == migrations.count { return false }
        try database.execute("BEGIN IMMEDIATE")
        do {
            try migrate(database)
            try database.execute("COMMIT")
            return true
        } catch {
            if !database.isAutocommit { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    private static func migrate(_ database: Database) throws(StoreError) {
        // Read again under the write lock: another process may have made the store in the meantime.
        let version = try version(database)
        for migration in migrations.dropFirst(version) { try database.execute(migration) }
        try database.execute("PRAGMA application_id = \(applicationID)")
        try database.execute("PRAGMA user_version = \(migrations.count)")
    }

    /// The schema's version: 0 for an empty file.
    private static func version(_ database: Database) throws(StoreError) -> Int {
        let version = Int(try database.integer("PRAGMA user_version"))
        let application = try database.integer("PRAGMA application_id")
        let isEmpty = try database.integer("SELECT count(*) FROM sqlite_schema") == 0
        guard application == applicationID || (application == 0 && version == 0 && isEmpty) else {
            throw .notAStore(path: database.path)
        }
        guard version <= migrations.count else {
            throw .newerSchema(path: database.path, found: version, supported: migrations.count)
        }
        return max(0, version)
    }
}
