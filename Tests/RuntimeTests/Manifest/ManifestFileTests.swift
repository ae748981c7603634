import FoundationEssentials
import Runtime
import Testing

@Suite struct ManifestFileTests {
    private func problem(reading path: String) throws -> String {
        try #require(throws: ManifestError.self) {
            try Manifest(contentsOf: path, environment: [:])
        }.description
    }

    /// A folder of its own, gone when `body` returns.
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "manifest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func aMissingFile_isNamed() throws {
        #expect(
            try problem(reading: "nowhere/functions.yaml")
                == "nowhere/functions.yaml:1:1: there is no such file")
        #expect(try problem(reading: "") == ":1:1: this is not a path")
    }

    @Test func aDirectory_isNotRead() throws {
        try inFolder { folder in
            let said = try problem(reading: folder.path)
            #expect(said == "\(folder.path):1:1: this is a directory, not a manifest")
        }
        #expect(try problem(reading: "/dev/zero") == "/dev/zero:1:1: this is not a regular file")
    }

    @Test func aHugeFile_isNotRead() throws {
        try inFolder { folder in
            let file = folder.appending(path: "functions.yaml")
            try Data(repeating: UInt8(ascii: "#"), count: (1 << 20) + 1).write(to: file)
            #expect(try problem(reading: file.path).hasSuffix(":1:1: the file is larger than 1MiB"))
        }
    }

    @Test func aLink_isFollowed() throws {
        try inFolder { folder in
            let file = folder.appending(path: "real.yaml")
            let link = folder.appending(path: "functions.yaml")
            try Data("{version: 1, functions: {hello: {handler: Hello}}}".utf8).write(to: file)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "real.yaml")
            let manifest = try Manifest(contentsOf: link.path, environment: [:])
            #expect(manifest.functions.map(\.name) == ["hello"])
        }
    }
}
