/// Takes a prompt's own structure out of a text, scalar by scalar, in one pass.
///
/// The kept text is a stack that never holds a pattern: each new scalar either completes one at the top, which is
/// then popped, or stays. What comes together over a removal is thus seen like any other (`Sys<|tem:`), and every
/// scalar is pushed and popped at most once, so no nesting costs more than its length.
///
/// The rules:
/// - *Gone*: C0 and C1 controls, tag characters (U+E0000-E007F), bidirectional controls. Line breaks (U+2028 and
///   U+2029 too) and tabs become one space between what they part, and none at the ends.
/// - *Delimiters*, removed anywhere: `###`, three backquotes, `<|`, `|>`, and the tags of chat templates (``tags``).
/// - *Role markers*: one of `system`, `assistant`, `human`, `user`, `developer`, `システム`, `アシスタント`, `ヒューマン`,
///   `人間`, `ユーザー` and the same in Chinese, Korean and Russian (``roles``), then optional blanks, then a colon, which
///   may be written as an escape of HTML, JSON or URLs (`&#58;`, `\u003a`, `%3A`). As the guide spells them (`System:`, `Assistant:`, `Human:`) they are removed anywhere.
///   In any other form they are removed where a speaker is named: at the start of the text or of a line, after
///   something removed, or after a full stop, `!`, `?`, an ellipsis, a bracket or a quotation mark, whatever blanks
///   and symbols stand between. After a word, a number or a comma (`the system: broken`) they stay.
/// - *Forms*: both kinds are seen through case, width, mathematical, circled and look-alike letters, and through
///   invisible characters in between, which go with them. Other invisible characters stay, as emoji need them.
///
/// What is kept depends only on what stands before it, so any beginning of the result is a result itself: cutting
/// is safe, and filtering again changes nothing.
struct PromptFilter {
    private struct Symbol {
        /// Where it stands in `kept`; invisible characters follow it up to the next symbol.
        let start: Int
        let folded: UInt32
        /// Whether a speaker may be named here.
        let isOpening: Bool
    }

    /// How many patterns were removed.
    private(set) var removals = 0
    private var kept: [Unicode.Scalar] = []
    private var symbols: [Symbol] = []
    private var isOpening = true
    private var isSpacePending = false

    init(capacity: Int) {
        kept.reserveCapacity(capacity)
        symbols.reserveCapacity(capacity)
    }

    var text: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: kept)
        return String(view)
    }

    mutating func append(_ scalar: Unicode.Scalar) {
        switch scalar.promptRole {
        case .dropped:
            return
        case .tab:
            isSpacePending = true
        case .lineBreak:
            isSpacePending = true
            isOpening = true
        case .invisible:
            keepPendingSpace()
            kept.append(scalar)
        case .visible(let folded):
            if folded != Unicode.Scalar.foldedBlank { keepPendingSpace() }
            isSpacePending = false
            push(scalar, folded)
            removePattern(endingIn: folded)
        }
    }

    private mutating func keepPendingSpace() {
        defer { isSpacePending = false }
        guard isSpacePending, !kept.isEmpty, symbols.last?.folded != Unicode.Scalar.foldedBlank else {
            return
        }
        push(" ", Unicode.Scalar.foldedBlank)
    }

    private mutating func push(_ scalar: Unicode.Scalar, _ folded: UInt32) {
        let isAfterBlank = symbols.last?.folded == Unicode.Scalar.foldedBlank
        symbols.append(Symbol(start: kept.count, folded: folded, isOpening: isOpening))
        kept.append(scalar)
        switch Unicode.Scalar.speechBoundary(folded) {
        case .opens: isOpening = true
        case .opensAfterBlank: isOpening = isOpening || isAfterBlank
        case .closes: isOpening = false
        case .neither: break
        }
    }

    private mutating func removePattern(endingIn folded: UInt32) {
        switch folded {
        case 0x23, 0x60:  // # and `
            if topIs(folded, at: 1), topIs(folded, at: 2) { remove(3) }
        case 0x7C:  // |
            if topIs(0x3C, at: 1) {
                remove(2)
            } else if let length = length(of: Self.escapedLess, before: 1) {
                remove(length + 1)
            }
        case 0x3E:  // >
            if topIs(0x7C, at: 1) { remove(2) } else { removeTag() }
        case 0x5D:  // ]
            removeTag()
        case 0x3A:  // :
            if let length = roleMarkerLength(colon: 1) { remove(length) }
        case 0x3B, 0x61:  // ; and a
            if let colon = length(of: Self.escapedColons, before: 0) {
                if let length = roleMarkerLength(colon: colon) { remove(length) }
            } else if folded == 0x3B, let length = length(of: Self.escapedGreater, before: 0),
                topIs(0x7C, at: length)
            {
                remove(length + 1)
            }
        default:
            break
        }
    }

    private func topIs(_ folded: UInt32, at depth: Int) -> Bool {
        let index = symbols.count - 1 - depth
        return index >= 0 && symbols[index].folded == folded
    }

    private mutating func remove(_ count: Int) {
        guard let first = symbols.suffix(count).first else { return }
        removals += 1
        kept.removeLast(kept.count - first.start)
        symbols.removeLast(count)
        isOpening = true
    }

    private static let roles = folded([
        "system", "assistant", "human", "システム", "アシスタント", "ヒューマン", "人間", "user", "developer", "ユーザー", "ユーザ",
        "系统",
        "系統", "助手", "用户", "用戶", "시스템", "사용자", "система", "Система", "СИСТЕМА", "пользователь", "Пользователь",
    ])

    /// What parts the turns of a conversation in the templates of usual models.
    private static let tags = folded([
        "[inst]", "[/inst]", "<<sys>>", "<</sys>>", "<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>",
        "<end_of_turn>", "<system>", "</system>", "<assistant>", "</assistant>", "<user>", "</user>",
        "<human>",
        "</human>",
    ])

    private static let escapedColons = folded([
        "&#58;", "&#058;", "&#x3a;", "&#x03a;", "&#x003a;", "&colon;", "%3a", "%253a", "\\u003a", "\\u{3a",
        "\\x3a",
    ])
    private static let escapedLess = folded(["&lt;", "&#60;", "&#x3c;", "\\u003c", "\\x3c", "%3c"])
    private static let escapedGreater = folded(["&gt;", "&#62;", "&#x3e;"])

    private static func folded(_ texts: [String]) -> [[UInt32]] {
        texts.map { text in
            text.unicodeScalars.map { scalar in
                if case .visible(let folded) = scalar.promptRole { folded } else { scalar.value }
            }
        }
    }

    private mutating func removeTag() {
        if let length = length(of: Self.tags, before: 0) { remove(length) }
    }

    /// The length of the first of the patterns that stands on top, `depth` symbols left out; nil if none does.
    private func length(of patterns: [[UInt32]], before depth: Int) -> Int? {
        let below = symbols.dropLast(depth)
        return patterns.first { below.count >= $0.count && Self.matches(below, $0) }?.count
    }

    /// Whether a text has anything that the filter takes out beside characters that cannot be seen.
    static func hasStructure(_ text: String) -> Bool {
        guard text.unicodeScalars.contains(where: \.maySurviveOnlyFiltered) else { return false }
        var filter = PromptFilter(capacity: text.utf8.count)
        for scalar in text.unicodeScalars {
            filter.append(scalar)
            if filter.removals > 0 { return true }
        }
        return false
    }

    private static let exactRoles: [[UInt32]] = ["System", "Assistant", "Human"]
        .map { $0.unicodeScalars.map(\.value) }

    /// The symbols of the role marker that the colon on top, of so many symbols, ends; nil if it ends none.
    private func roleMarkerLength(colon: Int) -> Int? {
        // A colon that stays is never looked at again and parts the blanks below from the next colon, so the
        // blanks are walked once.
        var end = symbols.count - colon
        while end > 0, symbols[end - 1].folded == Unicode.Scalar.foldedBlank { end -= 1 }
        let below = symbols[..<end]
        guard let role = Self.roles.first(where: { below.count >= $0.count && Self.matches(below, $0) })
        else {
            return nil
        }
        let marker = symbols[(end - role.count)...]
        let isExact = marker.count == role.count + 1 && isExactASCII(marker)
        return marker.first?.isOpening == true || isExact ? marker.count : nil
    }

    private static func matches(_ symbols: ArraySlice<Symbol>, _ role: [UInt32]) -> Bool {
        zip(symbols.reversed(), role.reversed()).allSatisfy { $0.folded == $1 }
    }

    private func isExactASCII(_ marker: ArraySlice<Symbol>) -> Bool {
        let scalars = marker.map { kept[$0.start].value }
        return scalars.last == 0x3A && Self.exactRoles.contains { $0.elementsEqual(scalars.dropLast()) }
    }
}
