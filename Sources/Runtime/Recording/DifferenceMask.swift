/// Fields that do not count when what was recorded and what came are compared.
public struct DifferenceMask: Sendable, Equatable {
    private let names: Set<String>
    private let places: Set<String>

    /// A field is a member's name, which counts wherever it stands (`story`), or a place with its path from the part on
    /// that it is in (`answer.body.choices[].label`): `[]` stands for any index. `answer.` may be left out.
    public init(_ fields: [String] = []) {
        let isPlace = { (field: String) in field.contains(".") || field.contains("[") }
        names = Set(fields.filter { !isPlace($0) })
        places = Set(fields.filter(isPlace).map { Self.place(of: $0) })
    }

    /// Whether every field counts.
    public var isEmpty: Bool { names.isEmpty && places.isEmpty }

    /// Whether the field called `name` at a path does not count.
    func covers(_ path: String, _ name: String) -> Bool {
        !isEmpty && (names.contains(name) || !places.isEmpty && places.contains(Self.place(of: path)))
    }

    /// Whether a part as a whole does not count.
    func covers(part: String) -> Bool { names.contains(part) }

    /// A path without its indexes, and without the part that most are in.
    private static func place(of path: String) -> String {
        var result = ""
        var isIndex = false
        for character in path.hasPrefix("answer.") ? path.dropFirst(7) : path[...] {
            if character == "]" { isIndex = false }
            if isIndex, ("0"..."9").contains(character) { continue }
            result.append(character)
            isIndex = character == "[" || isIndex && character != "]"
        }
        return result
    }
}
