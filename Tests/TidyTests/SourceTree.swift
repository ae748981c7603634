import FoundationEssentials

/// A file of the project, as the rules see it.
struct SourceFile {
    /// From the project's root, with `/` between folders.
    let path: String
    let text: String

    /// The lines without their comments. (What stands in a string stays.)
    var code: [(number: Int, text: String)] {
        var scanner = CommentScanner()
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            (index + 1, scanner.code(of: line))
        }
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
}

/// The project's files.
enum SourceTree {
    /// The project's root: three folders above this file.
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// Paths of all files and folders (these end with `/`), without what is built or hidden.
    static func paths(under folder: String = "") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
        return names.sorted().flatMap { name -> [String] in
            guard !ignored.contains(name) else { return [] }
            let path = folder + name
            var isFolder = false
            _ = FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder)
            return isFolder ? [path + "/"] + paths(under: path + "/") : [path]
        }
    }

    private static let ignored: Set<String> = [".build", ".git", "var", "__pycache__", ".swiftpm"]

    /// The files under a folder that rules look at.
    static func files(under folder: String, endingWith suffixes: [String] = [".swift", ".h"]) -> [SourceFile]
    {
        paths(under: folder).filter { path in suffixes.contains { path.hasSuffix($0) } }.compactMap(file)
    }

    /// One file; nil where there is none.
    static func file(_ path: String) -> SourceFile? {
        guard let data = FileManager.default.contents(atPath: root + "/" + path) else { return nil }
        return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
    }
}

/// Takes the comments out of Swift or C, line by line.
private struct CommentScanner {
    private var depth = 0

    mutating func code(of line: Substring) -> String {
        var code = ""
        var isInString = false
        var rest = line
        while let character = rest.popFirst() {
            if depth > 0 {
                if character == "*", rest.first == "/" {
                    rest.removeFirst()
                    depth -= 1
                }
            } else if isInString {
                code.append(character)
                if character == "\\", let next = rest.popFirst() { code.append(next) }
                if character == "\"" { isInString = false }
            } else if character == "/", rest.first == "/" {
                return code
            } else if character == "/", rest.first == "*" {
                rest.removeFirst()
                depth += 1
            } else {
                code.append(character)
                if character == "\"" { isInString = true }
            }
        }
        return code
    }
}

extension String {
    /// Whether a word or call stands in the text on its own, not as the end of a longer name.
    func mentions(_ word: String) -> Bool {
        var rest = self[...]
        while let range = rest.firstRange(of: word) {
            let before = rest[..<range.lowerBound].last ?? self[..<range.lowerBound].last
            let after = rest[range.upperBound...].first
            let isWordBefore = word.first?.isPartOfName == true && before?.isPartOfName == true
            let isWordAfter = word.last?.isPartOfName == true && after?.isPartOfName == true
            if !isWordBefore && !isWordAfter { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}

extension Character {
    fileprivate var isPartOfName: Bool { isLetter || isNumber || self == "_" }
}
