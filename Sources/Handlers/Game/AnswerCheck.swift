/// What a language model's answer must not have, whatever its shape: the secrets of its prompt, and what passes for a
/// prompt's own structure.
public struct AnswerCheck: Sendable {
    private let secrets: [String]

    /// How many scalars of a text's end may be part of something refused whose rest is still to come: of a secret, or
    /// of a role with the blanks before its colon.
    static let window = 48

    /// The check of one call's answers.
    public init(_ secrets: PromptSecrets) { self.secrets = [secrets.canary, secrets.nonce] }

    /// A passage of a model's text, the object of it wherever it stands, checked in every part.
    public func passage(of text: String) throws(PassageError) -> Passage {
        for secret in secrets where text.contains(secret) { throw .leak }
        let passage = try Self.passage(in: text)
        for part in [passage.story] + passage.choices.flatMap({ [$0.label, $0.summary] }) {
            if let fault = fault(in: part) { throw fault }
        }
        return passage
    }

    /// Why a text may not be shown; nil if it may. Line breaks and tabs are the only control characters.
    public func fault(in text: String) -> PassageError? {
        for secret in secrets where text.contains(secret) { return .leak }
        return hasSecretOrControl(text) || PromptFilter.hasStructure(text) ? .structure : nil
    }

    /// What a part of a text can be checked for without what stands before it.
    func hasSecretOrControl(_ text: String) -> Bool {
        if secrets.contains(where: { text.contains($0) }) { return true }
        return text.unicodeScalars.contains {
            ($0.value < 0x20 && $0 != "\n" && $0 != "\t" && $0 != "\r") || (0x7F...0x9F).contains($0.value)
        }
    }

    /// The last object that is a passage: a model that thinks aloud has drafts before it.
    private static func passage(in text: String) throws(PassageError) -> Passage {
        let first: PassageError
        do throws(PassageError) {
            return try Passage(parsing: JSONRepair.withoutRawControls(text))
        } catch {
            guard error == .malformed(path: "") else { throw error }
            first = error
        }
        var last: PassageError?
        for candidate in JSONObjectSearch.candidates(in: text).reversed() {
            do throws(PassageError) {
                return try Passage(parsing: JSONRepair.withoutRawControls(candidate))
            } catch { last = last ?? error }
        }
        throw last ?? first
    }
}
