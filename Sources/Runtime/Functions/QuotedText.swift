/// A value as a message shows it: on one line, without control characters, and not too long.
package func quoted(_ text: String) -> String {
    var shown = ""
    for character in text.unicodeScalars.prefix(ManifestBounds.quoted) {
        switch character.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            shown += character.escaped(asASCII: true)
        default: shown.unicodeScalars.append(character)
        }
    }
    return text.unicodeScalars.dropFirst(ManifestBounds.quoted).isEmpty ? shown : shown + "..."
}
