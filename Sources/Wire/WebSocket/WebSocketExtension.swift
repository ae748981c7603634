internal import Base

/// One element of a `Sec-WebSocket-Extensions` field (RFC 6455 9.1).
struct WebSocketExtension: Equatable {
    struct Parameter: Equatable {
        let name: String
        /// Without quotes and escapes; nil where there is only a name.
        let value: String?
    }

    let name: String
    let parameters: [Parameter]

    /// The elements of a field's value. One that is not well-formed is left out.
    static func list(_ value: String) -> [WebSocketExtension] {
        let bytes = value.utf8.span
        var elements: [WebSocketExtension] = []
        var index = 0
        while index < bytes.count {
            let end = endOfPart(bytes, from: index, ASCII.comma)
            if let element = WebSocketExtension(bytes, index..<end) { elements.append(element) }
            index = end + 1
        }
        return elements
    }

    private init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var end = Self.endOfPart(bytes.extracting(range), from: 0, ASCII.semicolon) + range.lowerBound
        guard let name = Self.token(bytes, HTTPGrammar.trimmed(bytes, range.lowerBound..<end)) else {
            return nil
        }
        var parameters: [Parameter] = []
        while end < range.upperBound {
            let start = end + 1
            end = Self.endOfPart(bytes.extracting(start..<range.upperBound), from: 0, ASCII.semicolon) + start
            guard let parameter = Self.parameter(bytes, HTTPGrammar.trimmed(bytes, start..<end)) else {
                return nil
            }
            parameters.append(parameter)
        }
        self.name = name
        self.parameters = parameters
    }

    private static func parameter(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Parameter? {
        guard let equals = range.first(where: { bytes[$0] == ASCII.equals }) else {
            return token(bytes, range).map { Parameter(name: $0, value: nil) }
        }
        let name = HTTPGrammar.trimmed(bytes, range.lowerBound..<equals)
        let value = HTTPGrammar.trimmed(bytes, (equals + 1)..<range.upperBound)
        guard let name = token(bytes, name), let value = token(bytes, value) ?? quoted(bytes, value) else {
            return nil
        }
        return Parameter(name: name, value: value)
    }

    private static func token(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        guard !range.isEmpty, range.allSatisfy({ HTTPGrammar.isTokenByte(bytes[$0]) }) else { return nil }
        return bytes.utf8Text(range)
    }

    /// A quoted string, whose text has to be a token here (RFC 6455 9.1).
    private static func quoted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        guard range.count > 2, bytes[range.lowerBound] == ASCII.quote,
            bytes[range.upperBound - 1] == ASCII.quote
        else { return nil }
        var text: [UInt8] = []
        var index = range.lowerBound + 1
        while index < range.upperBound - 1 {
            if bytes[index] == ASCII.backslash {
                index += 1
                guard index < range.upperBound - 1 else { return nil }
            }
            guard HTTPGrammar.isTokenByte(bytes[index]) else { return nil }
            text.append(bytes[index])
            index += 1
        }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Where the next separator outside of a quoted string stands, or else the bytes end.
    private static func endOfPart(_ bytes: Span<UInt8>, from start: Int, _ separator: UInt8) -> Int {
        var index = start
        var isQuoted = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.quote {
                isQuoted.toggle()
            } else if isQuoted, byte == ASCII.backslash {
                index += 1
            } else if !isQuoted, byte == separator {
                return index
            }
            index += 1
        }
        return bytes.count
    }
}
