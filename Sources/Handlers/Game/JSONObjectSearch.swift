internal import Functions

/// Finds the JSON object in a model's answer, which may stand in a code fence or between sentences.
enum JSONObjectSearch {
    /// How many braces that nothing closes are looked behind.
    static let attempts = 16
    /// How many objects are found at most.
    private static let mostObjects = 256

    /// The texts of the outermost objects in a text, in order: from a brace to the one that closes it. Objects that are
    /// not closed are none. Linear in the text for each attempt.
    static func candidates(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var found: [String] = []
        var index = 0
        var unclosed = 0
        while unclosed < attempts, found.count < mostObjects {
            guard let start = bytes[index...].firstIndex(of: UInt8(ascii: "{")) else { break }
            guard let end = endOfObject(bytes, from: start) else {
                // A brace of a sentence before the object must not hide it.
                unclosed += 1
                index = start + 1
                continue
            }
            if let object = String(validating: bytes[start..<end], as: UTF8.self) { found.append(object) }
            index = end
        }
        return found
    }

    private static func endOfObject(_ bytes: [UInt8], from start: Int) -> Int? {
        var nesting = JSONNesting()
        for index in start..<bytes.count where nesting.take(bytes[index]) && nesting.depth == 0 {
            return index + 1
        }
        return nil
    }
}
