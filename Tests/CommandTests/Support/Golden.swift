import FoundationEssentials
import Testing

/// Texts that are kept beside the tests.
///
/// `UPDATE_GOLDEN=1 swift test --filter CommandTests` writes them anew; read the difference before you commit it.
enum Golden {
    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL
    static let folder = root.appending(path: "Tests/CommandTests/Fixtures")

    static func check(_ text: String, _ name: String, location: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
            try Data(text.utf8).write(to: file)
        }
        let expected = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text == expected, "\(name) differs", sourceLocation: location)
    }
}
