import FoundationEssentials
import Runtime
import TestSupport
import Testing

@Suite struct SettingsTests {
    private func settings(_ environment: [String: String]) throws -> Settings {
        try Settings(environment: environment)
    }

    private func manifest(key: String?, guests: Bool = false, store: String = "unused") -> Manifest {
        Manifest(
            store: store, guests: guests, auth: [Issuer(issuer: "gestaloka", audience: "gestaloka", key: key)]
        )
    }

    @Test func whatIsUnset_isDevelopment() throws {
        let settings = try settings([:])
        #expect(settings.stage == .development)
        #expect(!settings.debug)
        #expect(settings.logLevel == .info)
        #expect(try self.settings(["DEBUG": "TRUE"]).logLevel == .debug)
        #expect(try self.settings(["DEBUG": "1", "LOG_LEVEL": "Warn"]).logLevel == .warning)
        #expect(try self.settings(["ENVIRONMENT": "Production"]).stage == .production)
    }

    @Test(arguments: [
        (["ENVIRONMENT": "prod"], "ENVIRONMENT must be one of: development, production"),
        (["ENVIRONMENT": ""], "ENVIRONMENT must be one of: development, production"),
        (["DEBUG": "maybe"], "DEBUG must be one of: true, false"),
        (["LOG_LEVEL": "loud"], "LOG_LEVEL must be one of: DEBUG, INFO, WARNING, ERROR"),
    ])
    func unknownWords_areRefused(_ environment: [String: String], _ text: String) {
        let error = #expect(throws: StartError.self) { try settings(environment) }
        #expect(error?.description == text)
    }

    @Test func production_refusesWhatIsNotSafe() throws {
        let production = try settings(["ENVIRONMENT": "production"])
        let long = String(repeating: "k", count: 32)
        #expect(throws: StartError.guestsInProduction) {
            try production.ready(manifest(key: long, guests: true))
        }
        #expect(throws: StartError.missingKey(issuer: "gestaloka")) {
            try production.ready(manifest(key: nil))
        }
        #expect(throws: StartError.shortKey(issuer: "gestaloka", length: 31)) {
            try production.ready(manifest(key: String(repeating: "k", count: 31)))
        }
        #expect(try production.ready(manifest(key: long)) == manifest(key: long))
        // No error text shows the key.
        #expect(!StartError.shortKey(issuer: "gestaloka", length: 31).description.contains("kkk"))
    }

    @Test func theDevelopmentKey_isMadeOnce_forItsOwnerOnly() throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("new/folder/store.db")
        let development = try settings([:])
        let first = try development.ready(manifest(key: nil, guests: true, store: store))
        let key = try #require(first.auth.first?.key)
        #expect(key.utf8.count >= Settings.minimumKeyLength)
        #expect(!key.contains("\n"))
        #expect(try development.ready(manifest(key: nil, store: store)).auth.first?.key == key)
        let attributes = try FileManager.default.attributesOfItem(atPath: store + ".key")
        #expect(attributes[.posixPermissions].map { "\($0)" } == "384")  // 0600
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.file("new/folder")) == [
                "store.db.key"
            ])
        // One that is given is kept.
        #expect(try development.ready(manifest(key: "short", store: store)).auth.first?.key == "short")
    }

    @Test func twoStartsAtOnce_haveOneKey() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<10 {
            let manifest = manifest(key: nil, store: directory.file("store-\(round).db"))
            let keys = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try? Settings(environment: [:]).ready(manifest).auth.first?.key
                    }
                }
                var keys: Set<String?> = []
                for await key in group { keys.insert(key) }
                return keys
            }
            #expect(keys.count == 1)
            #expect(!keys.contains(nil))
        }
    }

    @Test func aFileThatIsNoKey_isNotOverwritten() throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("store.db")
        try Data("short".utf8).write(to: URL(filePath: store + ".key"))
        let development = try settings([:])
        #expect(
            throws: StartError.developmentKey(
                path: store + ".key", reason: "it is there, but it is not a key")
        ) { try development.ready(manifest(key: nil, store: store)) }
        #expect(FileManager.default.contents(atPath: store + ".key") == Data("short".utf8))
    }
}
