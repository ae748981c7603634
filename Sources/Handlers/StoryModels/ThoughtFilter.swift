/// Takes out of an answer what a model thinks before it answers: `<think>…</think>`, also where the server's template
/// has begun the thought already and only its end comes. Pure; belongs to one answer; linear in it.
///
/// Thoughts often have a draft of the answer. So what begins neither with a thought nor with an answer's object is held
/// back until a thought's end, or the end of all.
struct ThoughtFilter {
    private enum Stage {
        /// Nothing but blanks has come, or what may become a mark.
        case beginning
        case thought
        /// A text that may turn out to be a thought.
        case unsure
        case answer
    }

    private static let names = ["think", "thinking", "thought", "reasoning"]
    private static let beginnings = names.map { Array("<\($0)>".utf8) }
    private static let ends = names.map { Array("</\($0)>".utf8) }
    /// What an answer begins with: its object, or a fence around it.
    private static let answers = ["{", "```"].map { Array($0.utf8) }
    private static let longestMark = 12
    /// A text that is longer than any answer may be is not held back.
    private static let mostHeld = 80 << 10

    private var stage = Stage.beginning
    private var held: [UInt8] = []
    /// Before this, no end of a thought begins.
    private var searched = 0

    /// Takes the next piece; what of it and of those before is the answer's.
    mutating func read(_ piece: String) -> String {
        if case .answer = stage { return piece }
        held += piece.utf8
        while true {
            switch stage {
            case .answer: return release()
            case .beginning: guard begin() else { return "" }
            case .thought: guard endThought() else { return "" }
            case .unsure:
                if !endThought() {
                    guard held.count > Self.mostHeld else { return "" }
                    stage = .answer
                }
            }
        }
    }

    /// The answer is over; the rest of it.
    mutating func finish() -> String {
        if case .thought = stage { held = [] }
        return release()
    }

    private mutating func release() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// Whether it is known how the text begins.
    private mutating func begin() -> Bool {
        held = Array(held.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) })
        searched = 0
        if held.isEmpty { return false }
        let start = held.prefix(Self.longestMark).map(Self.lowered)
        if Self.answers.contains(where: { start.starts(with: $0) }) {
            stage = .answer
        } else if let mark = Self.beginnings.first(where: { start.starts(with: $0) }) {
            held.removeFirst(mark.count)
            stage = .thought
        } else if (Self.beginnings + Self.answers).contains(where: { $0.starts(with: start) }) {
            return false
        } else {
            stage = .unsure
        }
        return true
    }

    /// Whether the thought has ended.
    private mutating func endThought() -> Bool {
        while let start = held[searched...].firstIndex(of: UInt8(ascii: "<")) {
            let mark = held[start...].prefix(Self.longestMark).map(Self.lowered)
            if let end = Self.ends.first(where: { mark.starts(with: $0) }) {
                held.removeFirst(start + end.count)
                stage = .beginning
                return true
            }
            searched = start
            // A mark may be cut anywhere.
            if Self.ends.contains(where: { $0.starts(with: mark) }) { break }
            searched = start + 1
        }
        let rest = held[searched...].firstIndex(of: UInt8(ascii: "<")) ?? held.count
        searched = rest
        if case .thought = stage {
            held.removeFirst(rest)
            searched = 0
        }
        return false
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
