internal import Base
internal import Glibc
public import Ledger

/// Copies of a store at one moment.
public enum Snapshot {
    /// Copies the store at `path` to the new file `copy`, while others use it; the last number of the store's order that
    /// the copy holds.
    ///
    /// The copy is one file without a log. `renaming` gives the keys of rate counters other names, as where they hold what
    /// a copy must not, and `renamingAnswer` those of kept answers; `rewriting` gives these other texts. Nothing of the
    /// old ones stays in the file, nor of anything that was deleted before.
    public static func take(
        of path: String, to copy: String, renaming: (String) -> String,
        renamingAnswer: (String) -> String = { $0 }, rewriting: (String) -> String = { $0 }
    ) throws(StoreError) -> Int64 {
        let limits = StoreLimits()
        // For its owner only, as a store is; SQLite would make it for everybody.
        let descriptor = unsafe open(copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: copy, reason: SystemError.words())
        }
        close(descriptor)
        let target = try Database(path: copy, access: .readWrite, limits: limits)
        do {
            let source = try Database.store(StoreFiles(path), limits: limits)
            _ = try source.copy(to: target)
        }
        try target.execute(
            "PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON; PRAGMA synchronous = OFF")
        try target.execute("BEGIN IMMEDIATE")
        if try StoreIdentity(target) != nil { try target.execute(StoreIdentity.renewal) }
        let rename = Statement(target, "UPDATE OR REPLACE rate SET key = ?2 WHERE key = ?1")
        for key in try Statement(target, "SELECT key FROM rate").all(read: { $0.text(0) }) {
            let name = renaming(key)
            if name != key { try rename.run(.text(key), .text(name)) }
        }
        let rewrite = Statement(target, "UPDATE OR REPLACE answer SET key = ?2, body = ?3 WHERE number = ?1")
        let answers = try Statement(target, "SELECT number, key, body FROM answer").all {
            (number: $0.integer(0), key: $0.text(1), body: $0.optionalText(2))
        }
        for answer in answers {
            let (key, body) = (renamingAnswer(answer.key), answer.body.map(rewriting))
            if key == answer.key, body == answer.body { continue }
            try rewrite.run(.integer(answer.number), .text(key), .optional(body))
        }
        try target.execute("COMMIT")
        try target.execute("VACUUM")
        return try target.integer("SELECT number FROM sequence")
    }
}
