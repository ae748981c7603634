/// Reads the text of the member `story` out of a JSON object while the object arrives, in pieces cut anywhere. What
/// stands before the object's brace is passed over, as ``AnswerCheck`` does.
///
/// It shows what is coming, and decides nothing: the finished answer is parsed and checked by itself. Where the text is
/// no JSON, nothing more comes.
public struct StoryTextReader: Sendable {
    private enum Stage {
        case beforeObject
        case beforeName, name, beforeColon, beforeValue
        case story
        /// A value of another member; `depth` counts its open braces and brackets.
        case other(depth: Int, isInString: Bool)
        case done
    }

    private enum Escape {
        case none, backslash
        case unicode(digits: Int, value: UInt32)
    }

    private var stage = Stage.beforeObject
    private var escape = Escape.none
    /// The first half of a pair of surrogates.
    private var highSurrogate: UInt32?
    private var name = ""
    private var story = ""

    private static let nameScalars = 64
    private static let maximumDepth = 64

    /// Nothing has come yet.
    public init() {}

    /// Whether the story's text is complete, or no more of it can come.
    public var isDone: Bool { if case .done = stage { true } else { false } }

    /// Takes the next piece of the answer; the piece of the story that it brings.
    public mutating func read(_ piece: String) -> String {
        story = ""
        for scalar in piece.unicodeScalars {
            if case .done = stage { break }
            read(scalar)
        }
        return story
    }

    private mutating func read(_ scalar: Unicode.Scalar) {
        switch stage {
        case .beforeObject: if scalar == "{" { stage = .beforeName }
        case .beforeName:
            switch scalar {
            case "\"":
                name = ""
                stage = .name
            case ",", " ", "\n", "\r", "\t": break
            case "}": stage = .done
            default: fail(at: scalar)
            }
        case .name: readString(scalar, end: .beforeColon)
        case .beforeColon:
            switch scalar {
            case ":": stage = .beforeValue
            case " ", "\n", "\r", "\t": break
            default: fail(at: scalar)
            }
        case .beforeValue: beginValue(scalar)
        case .story: readString(scalar, end: .done)
        case .other(let depth, let isInString): readOther(scalar, depth: depth, isInString: isInString)
        case .done: break
        }
    }

    /// A brace that began a sentence's remark and no object: the object may still come.
    private mutating func fail(at scalar: Unicode.Scalar) {
        stage = scalar == "{" ? .beforeName : .beforeObject
    }

    private mutating func beginValue(_ scalar: Unicode.Scalar) {
        switch scalar {
        case " ", "\n", "\r", "\t": break
        case "\"": stage = name == "story" ? .story : .other(depth: 0, isInString: true)
        case "{", "[": stage = .other(depth: 1, isInString: false)
        case ",": stage = .beforeName
        case "}": stage = .done
        default: stage = .other(depth: 0, isInString: false)
        }
    }

    private mutating func readOther(_ scalar: Unicode.Scalar, depth: Int, isInString: Bool) {
        if isInString {
            if case .backslash = escape {
                escape = .none
            } else if scalar == "\\" {
                escape = .backslash
            } else if scalar == "\"" {
                stage = depth == 0 ? .beforeName : .other(depth: depth, isInString: false)
            }
            return
        }
        switch scalar {
        case "\"": stage = .other(depth: depth, isInString: true)
        case "{", "[":
            stage = depth < Self.maximumDepth ? .other(depth: depth + 1, isInString: false) : .done
        case "}", "]":
            stage =
                depth == 0 ? .done : depth == 1 ? .beforeName : .other(depth: depth - 1, isInString: false)
        case "," where depth == 0: stage = .beforeName
        default: break
        }
    }

    /// The text of a string (RFC 8259 section 7). Half of a pair of surrogates is U+FFFD.
    private mutating func readString(_ scalar: Unicode.Scalar, end: Stage) {
        switch escape {
        case .none:
            switch scalar {
            case "\\": escape = .backslash
            case "\"":
                flushSurrogate()
                stage = end
            default:
                flushSurrogate()
                add(scalar)
            }
        case .backslash:
            if scalar == "u" {
                escape = .unicode(digits: 0, value: 0)
                return
            }
            flushSurrogate()
            escape = .none
            switch scalar {
            case "n": add("\n")
            case "t": add("\t")
            case "r": add("\r")
            case "b": add("\u{8}")
            case "f": add("\u{C}")
            case "\"", "\\", "/": add(scalar)
            default: stage = .done
            }
        case .unicode(let digits, let value):
            guard let digit = hexValue(scalar) else {
                stage = .done
                return
            }
            let next = value << 4 | digit
            escape = digits == 3 ? .none : .unicode(digits: digits + 1, value: next)
            if digits == 3 { addUnit(next) }
        }
    }

    private func hexValue(_ scalar: Unicode.Scalar) -> UInt32? {
        switch scalar {
        case "0"..."9": scalar.value - 0x30
        case "a"..."f": scalar.value - 0x57
        case "A"..."F": scalar.value - 0x37
        default: nil
        }
    }

    /// A UTF-16 code unit of an escape.
    private mutating func addUnit(_ unit: UInt32) {
        switch unit {
        case 0xD800...0xDBFF:
            flushSurrogate()
            highSurrogate = unit
        case 0xDC00...0xDFFF:
            if let high = highSurrogate {
                highSurrogate = nil
                add(Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)) ?? "\u{FFFD}")
            } else {
                add("\u{FFFD}")
            }
        default:
            flushSurrogate()
            add(Unicode.Scalar(unit) ?? "\u{FFFD}")
        }
    }

    private mutating func flushSurrogate() {
        guard highSurrogate != nil else { return }
        highSurrogate = nil
        add("\u{FFFD}")
    }

    private mutating func add(_ scalar: Unicode.Scalar) {
        if case .name = stage {
            // No name that counts is so long.
            if name.unicodeScalars.count < Self.nameScalars { name.unicodeScalars.append(scalar) }
        } else {
            story.unicodeScalars.append(scalar)
        }
    }
}
