internal import Base
internal import CSQLite
internal import Ledger

/// A value bound to a statement's parameter.
enum SQLValue {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }
    static func time(_ value: Timestamp) -> SQLValue { .integer(value.milliseconds) }
    static func optional(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
}

/// A statement that is prepared at its first use and kept for the life of its connection.
@safe final class Statement {
    private let database: Database
    private let sql: String
    private var prepared: OpaquePointer?

    init(_ database: Database, _ sql: String) {
        self.database = database
        self.sql = sql
    }

    deinit { unsafe sqlite3_finalize(prepared) }

    /// Runs a statement that returns no rows.
    func run(_ values: SQLValue...) throws(StoreError) {
        let statement = unsafe try bind(values)
        defer { unsafe reset(statement) }
        let code = unsafe sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw database.error(code, sql) }
    }

    /// Runs the statement and says how many rows it changed.
    func changes(_ values: SQLValue...) throws(StoreError) -> Int {
        let statement = unsafe try bind(values)
        defer { unsafe reset(statement) }
        let code = unsafe sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw database.error(code, sql) }
        return Int(unsafe sqlite3_changes(database.handle))
    }

    /// The first row, or nil.
    func first<T>(_ values: SQLValue..., read: (Row) -> T) throws(StoreError) -> T? {
        let statement = unsafe try bind(values)
        defer { unsafe reset(statement) }
        switch unsafe sqlite3_step(statement) {
        case SQLITE_ROW: return read(unsafe Row(statement: statement))
        case SQLITE_DONE: return nil
        case let code: throw database.error(code, sql)
        }
    }

    /// All rows; the statement itself carries the limit.
    func all<T>(_ values: SQLValue..., read: (Row) -> T) throws(StoreError) -> [T] {
        let statement = unsafe try bind(values)
        defer { unsafe reset(statement) }
        var rows: [T] = []
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW: rows.append(read(unsafe Row(statement: statement)))
            case SQLITE_DONE: return rows
            case let code: throw database.error(code, sql)
            }
        }
    }

    /// Looks at all rows; the statement itself carries the limit. A column is read only where `look` asks for it.
    func forEach(_ values: SQLValue..., look: (Row) -> Void) throws(StoreError) {
        let statement = unsafe try bind(values)
        defer { unsafe reset(statement) }
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW: look(unsafe Row(statement: statement))
            case SQLITE_DONE: return
            case let code: throw database.error(code, sql)
            }
        }
    }

    private func bind(_ values: [SQLValue]) throws(StoreError) -> OpaquePointer {
        let statement = unsafe try prepare()
        for (index, value) in values.enumerated() {
            let position = Int32(index + 1)
            let code: Int32
            switch value {
            case .null: code = unsafe sqlite3_bind_null(statement, position)
            case .integer(let number): code = unsafe sqlite3_bind_int64(statement, position, number)
            case .text(var text):
                code = text.withUTF8 { bytes in
                    unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                        // An empty string may have no base address, and a null pointer would bind NULL.
                        unsafe characters.isEmpty
                            ? sqlite3_bind_text(statement, position, "", 0, copiedBySQLite)
                            : sqlite3_bind_text64(
                                statement, position, characters.baseAddress,
                                sqlite3_uint64(characters.count), copiedBySQLite, UInt8(SQLITE_UTF8))
                    }
                }
            case .blob(let blob):
                code = unsafe blob.withUnsafeBytes { bytes in
                    unsafe bytes.isEmpty
                        ? sqlite3_bind_zeroblob(statement, position, 0)
                        : sqlite3_bind_blob64(
                            statement, position, bytes.baseAddress, sqlite3_uint64(bytes.count),
                            copiedBySQLite)
                }
            }
            guard code == SQLITE_OK else {
                unsafe reset(statement)
                throw database.error(code, sql)
            }
        }
        return unsafe statement
    }

    private func prepare() throws(StoreError) -> OpaquePointer {
        if let ready = unsafe prepared { return unsafe ready }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            database.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let ready = unsafe statement else { throw database.error(code, sql) }
        unsafe prepared = ready
        return unsafe ready
    }

    private func reset(_ statement: OpaquePointer) {
        unsafe sqlite3_reset(statement)
    }
}

/// The row a statement stands on, valid inside the closure that receives it.
@safe struct Row {
    fileprivate let statement: OpaquePointer

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(statement, column) }

    func time(_ column: Int32) -> Timestamp { Timestamp(milliseconds: integer(column)) }

    func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_text(statement, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? {
        unsafe sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : text(column)
    }

    func optionalInteger(_ column: Int32) -> Int64? {
        unsafe sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
    }

    func optionalTime(_ column: Int32) -> Timestamp? {
        optionalInteger(column).map { Timestamp(milliseconds: $0) }
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(statement, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(statement, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
private let copiedBySQLite = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
