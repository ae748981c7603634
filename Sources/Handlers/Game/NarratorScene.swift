/// What fills the slots of the narrator's sentences.
struct NarratorScene {
    enum Slot: String, CaseIterable {
        case name, place, quote, detail, person, exit, count
        /// As `person`, at the start of a sentence.
        case capitalisedPerson = "Person"
    }

    var name = ""
    var place = ""
    var quote = ""
    var detail = ""
    var person = ""
    var exit = ""
    var count = 0

    /// The sentence with its slots filled, in one pass.
    func fill(_ template: String) -> String {
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            text += rest[..<open]
            let key = rest[rest.index(after: open)..<close]
            guard let slot = Slot(rawValue: String(key)) else {
                preconditionFailure("A sentence of the narrator has an unknown slot: \(key)")
            }
            text += self[slot]
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    private subscript(slot: Slot) -> String {
        switch slot {
        case .name: name
        case .place: place
        case .quote: quote
        case .detail: detail
        case .person: person
        case .exit: exit
        case .count: String(count)
        case .capitalisedPerson: person.prefix(1).uppercased() + person.dropFirst()
        }
    }
}
