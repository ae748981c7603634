internal import Base
internal import Ledger

/// An effect as the outbox keeps it: a list of rooms a room a line, with line feeds and backslashes in a name
/// escaped by a backslash.
struct EffectRow {
    var kind: Int64
    var target: String
    var other = ""
    var event = ""
    var body = ""

    init(kind: Int64, target: String, other: String, event: String = "", body: String = "") {
        self.kind = kind
        self.target = target
        self.other = other
        self.event = event
        self.body = body
    }

    init(_ effect: Effect.Kind) {
        switch effect {
        case .emit(let emit):
            self.init(
                kind: Self.kind(of: emit), target: Self.text(emit.rooms), other: Self.text(emit.except),
                event: emit.event, body: emit.json)
        case .join(let room, .connection(let id)): self.init(kind: 2, target: room, other: id)
        case .join(let room, .subject(let id)): self.init(kind: 3, target: room, other: id)
        case .leave(let room, .connection(let id)): self.init(kind: 4, target: room, other: id)
        case .leave(let room, .subject(let id)): self.init(kind: 5, target: room, other: id)
        case .close(.connection(let id), let reason):
            self.init(kind: 6, target: "", other: id, body: reason)
        case .close(.subject(let id), let reason): self.init(kind: 7, target: "", other: id, body: reason)
        case .sessionEnded(let session): self.init(kind: 8, target: "", other: session)
        case .resumed(let connection, let host, let rooms):
            self.init(kind: 9, target: Self.text(rooms), other: connection, body: host)
        }
    }

    /// Nil for a kind that a newer version wrote.
    var effect: Effect.Kind? {
        if Self.isEmit(kind) {
            return .emit(
                Emit(
                    rooms: Self.lines(target), except: Self.lines(other), event: event, json: body,
                    form: Self.form(of: kind), isVolatile: kind & Self.volatile != 0,
                    answerWithin: kind >> 16 == 0 ? nil : .milliseconds(kind >> 16)))
        }
        return switch kind {
        case 2: .join(room: target, .connection(other))
        case 3: .join(room: target, .subject(other))
        case 4: .leave(room: target, .connection(other))
        case 5: .leave(room: target, .subject(other))
        case 6: .close(.connection(other), reason: body)
        case 7: .close(.subject(other), reason: body)
        case 8: .sessionEnded(session: other)
        case 9: .resumed(connection: other, host: body, rooms: Self.lines(target))
        default: nil
        }
    }

    // An emit's kind: 1 in the low byte, then whether it is volatile, the form of its text, and from bit 16 on the
    // milliseconds that clients have to answer. Nearly all emits have none of these, so that a column each would only
    // cost.
    private static let volatile: Int64 = 1 << 8
    private static let arguments: Int64 = 1 << 9
    private static let text: Int64 = 1 << 10

    private static func kind(of emit: Emit) -> Int64 {
        let form =
            switch emit.form {
            case .value: 0 as Int64
            case .arguments: arguments
            case .text: text
            }
        return 1 | form | (emit.isVolatile ? volatile : 0)
            | (min(emit.answerWithin?.milliseconds ?? 0, 1 << 40) << 16)
    }

    private static func form(of kind: Int64) -> DataForm {
        kind & arguments != 0 ? .arguments : kind & text != 0 ? .text : .value
    }

    private static func isEmit(_ kind: Int64) -> Bool { kind > 0 && kind & 0xff == 1 }

    /// In SQL, whether a row is an emit that may be sent later, too. It stands in an index: never to be edited.
    static let kept = "kind > 0 AND kind & 255 = 1 AND kind & 256 = 0"

    private static func needsEscape(_ room: String) -> Bool {
        let bytes = room.utf8.span
        for index in bytes.indices
        where bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\\") { return true }
        return false
    }

    /// Every line ends in a line feed, so that no room and a room without a name differ.
    static func text(_ rooms: [String]) -> String {
        var text = ""
        for room in rooms {
            if needsEscape(room) {
                for scalar in room.unicodeScalars {
                    switch scalar {
                    case "\n": text += "\\n"
                    case "\\": text += "\\\\"
                    default: text.unicodeScalars.append(scalar)
                    }
                }
            } else {
                text += room
            }
            text += "\n"
        }
        return text
    }

    static func lines(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "n" where isEscaped: line += "\n"
            case "\\" where !isEscaped:
                isEscaped = true
                continue
            case "\n":
                lines.append(line)
                line = ""
            default: line.unicodeScalars.append(scalar)
            }
            isEscaped = false
        }
        return lines
    }
}
