import Ledger
import FoundationEssentials
@testable import SQLite
import StoreSupport
import Testing
import TestSupport

/// A store that a symbolic link names.
@Suite struct LinkTests {
    @Test func aStoreBehindALink_isDurableWhereItsFileIs() async throws {
        let fixture = try Fixture()
        let link = fixture.directory.file("link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: fixture.path)
        let state = try SQLiteState(path: link)
        try await state.apply([.save(kind: "player", id: "p", body: "{}")])
        #expect(try state.record(kind: "player", id: "p")?.body == "{}")
        try await state.apply([.save(kind: "player", id: "p", body: "[]")])
        #expect(try fixture.another().record(kind: "player", id: "p")?.body == "[]")
        state.close()
    }
}
