/// The SQLite library that the process has.
public enum SQLiteLibrary {
    /// Its version, as `3.40.1`.
    public static var version: String { version(of: Database.libraryNumber) }

    /// Whether a checkpoint beside a commit that begins the log anew is safe in it by itself: before its fix it could
    /// lose pages (https://www.sqlite.org/wal.html#walresetbug).
    public static var hasWALResetFix: Bool { hasWALResetFix(Database.libraryNumber) }

    /// `3040001` is 3.40.1 (https://www.sqlite.org/c3ref/c_source_id.html).
    static func version(of number: Int32) -> String {
        "\(number / 1_000_000).\(number / 1_000 % 1_000).\(number % 1_000)"
    }

    /// Fixed in 3.51.3, and in 3.44.6 and 3.50.7 of the older lines.
    static func hasWALResetFix(_ number: Int32) -> Bool {
        switch number {
        case 3_051_003...: true
        case 3_050_007..<3_051_000, 3_044_006..<3_045_000: true
        default: false
        }
    }
}
