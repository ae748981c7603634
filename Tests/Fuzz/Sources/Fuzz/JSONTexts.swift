import Base
import FoundationEssentials
@testable import Functions
import Runtime

/// An input of a function, with what one usually has.
private struct Sample: Codable, Equatable {
    enum Kind: String, Codable { case look, say, move }
    var type: Kind?
    var text: String?
    var count: Int?
    var small: UInt8?
    var negative: Int16?
    var flag: Bool?
    var number: Double?
    var list: [String]?
    var inner: [String: Int]?
}

/// The scanner, the decoders and the encoder: they agree with each other and with Foundation's.
func fuzzJSON(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    checkNesting(bytes)
    if let flat = JSONFlatDecoder.decode(Sample.self, from: bytes) {
        let slow = try? JSONDecoder().decode(Sample.self, from: Data(bytes))
        require(flat == slow, "the flat decoder says what Foundation's says")
    }
    if let sample = try? JSON.decode(Sample.self, from: bytes), let text = try? JSON.encode(sample) {
        require((try? JSON.decode(Sample.self, from: Array(text.utf8))) == sample, "an input comes back")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return }
    checkText(text)
    checkParts(text)
    let isStrict = StrictJSON.fault(in: bytes.span) == nil
    require(JSONScanner.isJSON(text) || !isStrict, "what passes the gate is one value")
    if isStrict, bytes.count <= 8_192, isOrdinary(text) {
        require(
            (try? JSON.decode(JSONValue.self, from: bytes)) != nil, "Foundation reads what passes the gate")
    }
    if bytes.count <= 8_192, let value = try? JSON.decode(JSONValue.self, from: bytes) {
        guard let written = try? JSON.encode(value) else {
            return require(false, "what was read can be written")
        }
        require(JSONScanner.isValue(Array(written.utf8)), "what is written is one value")
        let again = try? JSON.decode(JSONValue.self, from: Array(written.utf8))
        require(again == value, "a value comes back")
        require((try? again.map { try JSON.encode($0) }) == written, "equal values give equal bytes")
    }
}

/// Texts as literals.
private func checkText(_ text: String) {
    let literal = JSONScanner.quoted(text)
    require(JSONScanner.string(of: literal)?.utf8.elementsEqual(text.utf8) == true, "a text comes back")
    require(JSONScanner.isValue(Array(literal.utf8)), "a literal is one value")
    require(
        (try? JSONDecoder().decode(String.self, from: Data(literal.utf8))) == text,
        "Foundation reads a literal as the same text")
    if let scanned = JSONScanner.string(of: text) {
        let known = try? JSONDecoder().decode(String.self, from: Data(text.utf8))
        require(known == scanned, "Foundation reads the same text")
    }
}

/// Arrays and objects taken apart are whole again when they are put together.
private func checkParts(_ text: String) {
    if let elements = JSONScanner.elements(of: text) {
        for element in elements {
            require(JSONScanner.isValue(Array(element.utf8)), "an element is one value")
        }
        let joined = "[" + elements.joined(separator: ",") + "]"
        require(JSONScanner.elements(of: joined) == elements, "elements come back")
    }
    if let members = JSONScanner.members(of: text) {
        for member in members {
            require(JSONScanner.isValue(Array(member.value.utf8)), "a member's value is one value")
        }
        let joined = members.map { JSONScanner.quoted($0.name) + ":" + $0.value }.joined(separator: ",")
        let again = JSONScanner.members(of: "{" + joined + "}") ?? []
        require(
            again.map(\.value) == members.map(\.value) && again.map(\.name) == members.map(\.name),
            "members come back")
    }
}

/// Without what the scanner takes and Foundation need not: numbers beyond a Double's, half surrogate pairs.
private func isOrdinary(_ text: String) -> Bool {
    var digits = 0
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): return false
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
        case UInt8(ascii: "e"), UInt8(ascii: "E"): if digits > 0 { return false }
        default: digits = 0
        }
        if digits > 15 { return false }
    }
    return true
}

private func checkNesting(_ bytes: [UInt8]) {
    var nesting = JSONNesting()
    for byte in bytes { _ = nesting.take(byte) }
    if JSONScanner.isValue(bytes) { require(nesting.depth == 0, "what is opened in a value is closed") }
}
