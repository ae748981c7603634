import Testing

/// How large a type and a function may be, over all files that a type stands in.
@Suite struct SizeTests {
    static let maximumProperties = 14
    static let maximumMethods = 35
    static let maximumLines = 70

    /// What may be larger, and why: three at most.
    static let exceptions = [
        "LocalHost/HostLimits":
            "one number for each limit of a host, and nothing else: they stand together to be read together",
        "Runtime/ManifestDecoder": "one function a key of the manifest, and all report to one list of faults",
    ]

    @Test func types_areSmall() {
        var sizes: [String: TypeSize] = [:]
        for file in SourceTree.files(under: "Sources/", endingWith: [".swift"]) {
            for (name, size) in Outline(file).types { sizes[name, default: TypeSize()] += size }
        }
        #expect(sizes.count > 300)
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) where Self.exceptions[name] == nil {
            if size.properties > Self.maximumProperties {
                Issue.record("\(name) has \(size.properties) stored properties: it is several owners in one")
            }
            if size.methods > Self.maximumMethods {
                Issue.record(
                    "\(name) has \(size.methods) methods over all its files: it is several owners in one")
            }
        }
    }

    @Test func functions_areShort() {
        for file in SourceTree.files(under: "Sources/", endingWith: [".swift"]) {
            for function in Outline(file).functions where function.lines > Self.maximumLines {
                Issue.record("\(file.path):\(function.number): \(function.lines) lines in one function")
            }
        }
    }

    @Test func exceptions_areFew() { #expect(Self.exceptions.count <= 3) }

    @Test func canary_membersOverAllFiles_areCounted() {
        let text = """
            struct A {
                static let one = 1
                let b: Int
                private(set) var c = 2 {
                    didSet { d() }
                }
                var computed: Int { 3 }
                lazy var e: Int = {
                    let local = 4
                    return local
                }()
                func f() {
                    let local = 5
                    func inner() {}
                    inner()
                }
                struct Inner {
                    var g: Int?
                    static func h() {}
                }
            }
            extension A {
                @discardableResult
                public func i() -> Int { 6 }
                init() {
                    b = 7
                }
            }
            extension A.Inner {
                mutating func j() {}
            }
            """
        let outline = Outline(SourceFile(path: "Sources/Wire/A.swift", text: text))
        var types: [String: TypeSize] = [:]
        for (name, size) in outline.types { types[name, default: TypeSize()] += size }
        #expect(types["Wire/A"] == TypeSize(properties: 3, methods: 2))
        #expect(types["Wire/A.Inner"] == TypeSize(properties: 1, methods: 2))
        #expect(outline.functions.map(\.lines).max() == 5)
    }
}

/// How much a type, or a part of it, has.
struct TypeSize: Equatable {
    /// Stored properties of its values.
    var properties = 0
    var methods = 0

    static func += (a: inout TypeSize, b: TypeSize) {
        a.properties += b.properties
        a.methods += b.methods
    }
}

/// The types and functions of a file, by how its lines are indented: `swift format` sees to that.
struct Outline {
    /// Parts of types by room and name, as `Store/UnitOfWork.Read`.
    private(set) var types: [(name: String, size: TypeSize)] = []
    /// Where each function begins, and how many lines it has.
    private(set) var functions: [(number: Int, lines: Int)] = []

    private static let indentation = 4
    private static let modifiers: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private", "open", "final", "static", "class",
        "mutating",
        "nonmutating", "consuming", "borrowing", "nonisolated", "isolated", "override", "required",
        "convenience",
        "indirect", "lazy", "weak", "unowned", "unsafe", "async", "dynamic", "sending",
    ]

    init(_ file: SourceFile) {
        let room = file.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        // What is open: where its closing brace will stand, and the type's place in `types`, or the function's.
        var open: [(indent: Int, type: Int?, function: Int?, hasBodies: Bool)] = []
        var isInText = false
        for (number, line) in file.code {
            let delimiters = line.split(separator: "\"\"\"", omittingEmptySubsequences: false).count - 1
            let wasInText = isInText
            if !delimiters.isMultiple(of: 2) { isInText.toggle() }
            guard !wasInText, let first = line.firstIndex(where: { $0 != " " }) else { continue }
            let indent = line.distance(from: line.startIndex, to: first)
            if line[first] == "}", let last = open.last, last.indent == indent {
                if let function = last.function {
                    functions[function].lines = number - functions[function].number + 1
                }
                open.removeLast()
                continue
            }
            let isMember =
                open.last.map { $0.type != nil && indent == $0.indent + Self.indentation } ?? (indent == 0)
            guard isMember, let declaration = Declaration(line[first...]) else { continue }
            let isWhole = line.last == "}" && line.contains("{")
            switch declaration.kind {
            case "struct", "class", "enum", "actor", "protocol", "extension":
                let outer = open.last?.type.map { types[$0].name + "." } ?? room + "/"
                types.append((outer + declaration.name, TypeSize()))
                if !isWhole { open.append((indent, types.count - 1, nil, declaration.kind != "protocol")) }
            case "func", "init", "deinit", "subscript":
                if declaration.kind == "func", let type = open.last?.type { types[type].size.methods += 1 }
                functions.append((number, 1))
                // A protocol's functions have no bodies.
                if !isWhole, open.last?.hasBodies != false {
                    open.append((indent, nil, functions.count - 1, true))
                }
            case "let", "var":
                if declaration.isStored, !declaration.isStatic, let type = open.last?.type {
                    types[type].size.properties += 1
                }
            default: break
            }
        }
    }

    /// The beginning of a declaration.
    private struct Declaration {
        var kind = ""
        var name = ""
        var isStatic = false
        var isStored = false

        init?(_ line: Substring) {
            var rest = line
            while true {
                rest = rest.drop { $0 == " " }
                if rest.first == "@" {
                    rest = rest.drop { $0 != " " && $0 != "(" }
                    if rest.first == "(" { rest = rest.drop { $0 != ")" }.dropFirst() }
                    continue
                }
                let word = rest.prefix { $0.isLetter }
                let behind = rest.dropFirst(word.count)
                let isModifier = Outline.modifiers.contains(word) && !Self.isName(behind)
                guard isModifier, !(word == "class" && !Self.isFollowedByMember(behind)) else { break }
                if word == "static" || word == "class" { isStatic = true }
                rest = behind.first == "(" ? behind.drop { $0 != ")" }.dropFirst() : behind
            }
            kind = String(rest.prefix { $0.isLetter })
            let behind = rest.dropFirst(kind.count)
            guard kind == "init" || kind == "deinit" || kind == "subscript" || behind.first == " " else {
                return nil
            }
            name = String(
                behind.drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." })
            guard kind == "let" || kind == "var" else { return }
            let brace = behind.firstIndex(of: "{"), equals = behind.firstIndex(of: "=")
            isStored = if let brace { equals.map { $0 < brace } ?? false } else { true }
        }

        private static func isName(_ rest: Substring) -> Bool { rest.first != " " && rest.first != "(" }

        /// Whether `class` is the modifier of a member, not the beginning of a type.
        private static func isFollowedByMember(_ rest: Substring) -> Bool {
            ["func", "var", "let"].contains(String(rest.drop { $0 == " " }.prefix { $0.isLetter }))
        }
    }
}
