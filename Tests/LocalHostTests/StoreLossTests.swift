import Ledger
import Base
import FoundationEssentials
@testable import LocalHost
import Runtime
import Testing
import TestSupport

/// A host whose store's file is deleted, or another one is put in its place.
@Suite struct StoreLossTests {
    private static let note = Route("note", on: .http(method: "POST", path: "/note")) { _, context in
        try context.append("x", as: "note", id: context.identifier("note"), to: "notes")
        return .bool(true)
    }

    @Test func host_isNotReady_andAcceptsNothing_onceItsStoreIsGone() async throws {
        var limits = HostLimits()
        limits.storeCheck = .milliseconds(5)
        try await serve([Self.note], limits: limits) { server in
            let client = try server.client()
            #expect(try client.exchange("POST", "/note", body: "{}").status == 200)
            #expect(try client.exchange("GET", "/readyz").status == 200)
            try FileManager.default.removeItem(atPath: server.directory.file("store.db"))
            // Nobody need ask.
            await server.wait { $0.storeHasFailed }
            #expect(await server.host.storeHasFailed)
            let readiness = try client.exchange("GET", "/readyz")
            #expect(readiness.status == 503 && readiness.text == #"{"status":"not ready"}"#)
            #expect(try client.exchange("GET", "/healthz").status == 200)
            let refusal = try client.exchange("POST", "/note", body: "{}")
            #expect(refusal.status == 500)
            #expect(refusal.text.contains("Whether anything was changed is not certain."))
        }
    }

    @Test func readiness_seesItBeforeTheHostLooks() async throws {
        var limits = HostLimits()
        limits.storeCheck = .seconds(3_600)
        try await serve([Self.note], limits: limits) { server in
            let client = try server.client()
            #expect(try client.exchange("GET", "/readyz").status == 200)
            try await Store.file(server.directory.file("other.db")).open().close()
            try FileManager.default.removeItem(atPath: server.directory.file("store.db"))
            try FileManager.default.moveItem(
                atPath: server.directory.file("other.db"), toPath: server.directory.file("store.db"))
            #expect(try client.exchange("GET", "/readyz").status == 503)
        }
    }

    @Test func itIsLookedForEverySecond() { #expect(HostLimits().storeCheck <= .seconds(1)) }
}
