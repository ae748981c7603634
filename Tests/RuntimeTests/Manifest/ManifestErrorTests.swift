import FoundationEssentials
import Runtime
import Testing

/// Bad manifests as pairs of files: NAME.yaml, and in NAME.err what is said about it.
///
/// `UPDATE_GOLDEN=1 swift test --filter ManifestErrorTests` writes the second from what is said now; read the
/// difference before you commit it.
@Suite struct ManifestErrorTests {
    @Test(arguments: ManifestFixtures.names)
    func everyProblem_isNamedWithItsPlace(_ name: String) throws {
        let yaml = try ManifestFixtures.bytes("\(name).yaml")
        let error = try #require(throws: ManifestError.self) {
            try Manifest(yaml: yaml, file: "\(name).yaml", environment: ManifestFixtures.environment)
        }
        let said = error.description + "\n"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try Data(said.utf8).write(to: ManifestFixtures.folder.appending(path: "\(name).err"))
        }
        let expected = try ManifestFixtures.bytes("\(name).err")
        #expect(said == String(decoding: expected, as: UTF8.self))
    }

    @Test func everyFixture_isAPair() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: ManifestFixtures.folder.path)
        let errors = files.filter { $0.hasSuffix(".err") }.map { String($0.dropLast(4)) }
        #expect(errors.sorted() == ManifestFixtures.names)
        #expect(errors.count >= 25)
    }

    @Test func problems_areInFileOrderAndAtMostTwenty() throws {
        let yaml = "version: 1\nfunctions:\n" + (1...30).map { "  Bad\($0): {}\n" }.joined()
        let error = try #require(throws: ManifestError.self) {
            try Manifest(yaml: yaml, file: "f", environment: [:])
        }
        #expect(error.problems.count == 20)
        #expect(error.omitted == 40)
        let lines = error.problems.map(\.line)
        #expect(lines == lines.sorted())
    }

    @Test(arguments: [
        "sockets: { ping-timeout: 20s${SECRET_KEY} }", "guests: ${SECRET_KEY}", "${SECRET_KEY}: 1",
        "auth: [{ issuer: a, audience: b, algorithm: ${SECRET_KEY}, key: c }]",
        "functions: { a: { handler: A, auth: \"${SECRET_KEY}\", limits: { rate: \"1/${SECRET_KEY}\" } } }",
        "trusted-proxies: [\"0123456789012345678901234567890123456789${SECRET_KEY}\"]",
    ])
    func aSecretVariable_inTheWrongPlace_isShownByItsName(_ line: String) throws {
        let secret = "Correct-Horse-Battery-Staple-0123"
        let error = try #require(throws: ManifestError.self) {
            try Manifest(
                yaml: "version: 1\n\(line)\n", file: "f", environment: ["SECRET_KEY": secret])
        }
        for length in 8...secret.utf8.count {
            let shown = error.description.lowercased().contains(secret.prefix(length).lowercased())
            #expect(!shown, "\(error)")
        }
    }

    @Test(arguments: ManifestFixtures.names) func noProblem_showsAKey(_ name: String) throws {
        let said = try ManifestFixtures.bytes("\(name).err")
        #expect(!String(decoding: said, as: UTF8.self).contains("PRINTED"))
        #expect(!String(decoding: said, as: UTF8.self).contains("printed"))
    }
}

/// Where the bad manifests are, and what `${NAME}` means in them.
enum ManifestFixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/manifests")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static let environment = [
        "STORE": "var/test.db", "WORD": "perhaps", "EMPTY": "", "STRUCTURE": "1/s\n    auth: none",
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: folder.appending(path: name)))
    }
}
