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
            store: store, allowsAnonymous: guests,
            auth: [Issuer(issuer: "gestaloka", audience: "gestaloka", key: key)]
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
        let long = "k3y-of-the-tests-0123456789-abcd"
        #expect(throws: StartError.anonymousInProduction) {
            try production.ready(manifest(key: long, guests: true))
        }
        let chatty = try settings(["ENVIRONMENT": "production", "DEBUG": "true"])
        #expect(throws: StartError.debugInProduction) { try chatty.ready(manifest(key: long)) }
        #expect(throws: StartError.missingKey(issuer: "gestaloka")) {
            try production.ready(manifest(key: nil))
        }
        #expect(throws: StartError.shortKey(issuer: "gestaloka", length: 31)) {
            try production.ready(manifest(key: String(long.dropLast())))
        }
        #expect(throws: StartError.shortKey(issuer: "gestaloka", length: 0)) {
            try production.ready(manifest(key: String(repeating: " ", count: 64)))
        }
        #expect(throws: StartError.shortKey(issuer: "gestaloka", length: 5)) {
            try production.ready(manifest(key: "  short" + String(repeating: "\n", count: 64)))
        }
        for (plain, variety) in [("k", 2), ("abc", 3), ("a ", 2)] {
            #expect(throws: StartError.plainKey(issuer: "gestaloka", variety: variety)) {
                try production.ready(manifest(key: String(repeating: plain, count: 64) + "a"))
            }
        }
        #expect(try production.ready(manifest(key: long)) == manifest(key: long))
        // Each key of several; one that is not set counts for nothing, unless it signs.
        func several(_ keys: String?...) -> Manifest {
            let keys = keys.enumerated().map { Issuer.Key(id: "\($0)", secret: $1) }
            return Manifest(auth: [Issuer(issuer: "gestaloka", audience: "gestaloka", keys: keys)])
        }
        #expect(try production.ready(several(long, nil)) == several(long))
        #expect(throws: StartError.missingKey(issuer: "gestaloka")) {
            try production.ready(several(nil, long))
        }
        #expect(throws: StartError.shortKey(issuer: "gestaloka", length: 5)) {
            try production.ready(several(long, "short"))
        }
        // No error text shows the key.
        #expect(!StartError.shortKey(issuer: "gestaloka", length: 31).description.contains("kkk"))
    }

    @Test func theDevelopmentKey_isMadeOnce_forItsOwnerOnly() throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("new/folder/store.db")
        let development = try settings([:])
        let first = try development.ready(manifest(key: nil, guests: true, store: store), keysAt: store)
        let key = try #require(first.auth.first?.signingKey)
        #expect(key.utf8.count >= Settings.minimumKeyLength)
        #expect(!key.contains("\n"))
        #expect(
            try development.ready(manifest(key: nil, store: store), keysAt: store).auth.first?.signingKey
                == key)
        let attributes = try FileManager.default.attributesOfItem(atPath: store + ".key")
        #expect(attributes[.posixPermissions].map { "\($0)" } == "384")  // 0600
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.file("new/folder")) == [
                "store.db.key"
            ])
        // One that is given is kept.
        #expect(
            try development.ready(manifest(key: "short", store: store), keysAt: store).auth.first?.signingKey
                == "short")
    }

    @Test func aDevelopmentKeyThatOthersCouldHaveChosen_isRefused() throws {
        let directory = try TemporaryDirectory()
        let store = directory.file("store.db")
        let key = store + ".key"
        let development = try settings([:])
        let first = try development.ready(manifest(key: nil, store: store), keysAt: store)
        func refusal() -> String? {
            let error = #expect(throws: StartError.self) {
                try development.ready(manifest(key: nil, store: store), keysAt: store)
            }
            guard case .developmentKey(key, let reason)? = error else { return nil }
            return reason
        }
        for mode in [0o620, 0o602, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: key)
            #expect(refusal()?.hasPrefix("others can write it") == true)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        #expect(try development.ready(manifest(key: nil, store: store), keysAt: store) == first)
        try FileManager.default.moveItem(atPath: key, toPath: directory.file("elsewhere"))
        try FileManager.default.createSymbolicLink(
            atPath: key, withDestinationPath: directory.file("elsewhere"))
        #expect(refusal()?.hasPrefix("it is a link") == true)
        try FileManager.default.removeItem(atPath: key)
        try FileManager.default.createSymbolicLink(
            atPath: key, withDestinationPath: directory.file("nowhere"))
        #expect(refusal()?.hasPrefix("it is a link") == true)
        try FileManager.default.removeItem(atPath: key)
        try FileManager.default.createDirectory(atPath: key, withIntermediateDirectories: false)
        #expect(refusal() == "it is no file")
    }

    @Test func twoStartsAtOnce_haveOneKey() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<10 {
            let store = directory.file("store-\(round).db")
            let manifest = manifest(key: nil, store: store)
            let keys = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try? Settings(environment: [:]).ready(manifest, keysAt: store).auth.first?.signingKey
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
        ) { try development.ready(manifest(key: nil, store: store), keysAt: store) }
        #expect(FileManager.default.contents(atPath: store + ".key") == Data("short".utf8))
    }
}
