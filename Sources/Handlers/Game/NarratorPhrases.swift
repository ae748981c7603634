/// The built-in narrator's sentences in one language.
///
/// Each is one or two whole sentences. In braces stand ``NarratorScene/Slot``s; what fills them is never looked at
/// for braces again, so a player's text stays data.
struct NarratorPhrases: Sendable {
    /// Openings for one kind of action.
    struct Leads: Sendable {
        /// With the player's own words in `{quote}`.
        let quoted: [String]
        /// Where the player wrote nothing.
        let plain: [String]
    }

    struct ChoiceTemplate: Sendable {
        let label: String
        let summary: String
    }

    /// What a player is offered next.
    struct Choices: Sendable {
        let go: [ChoiceTemplate]
        let examine: [ChoiceTemplate]
        let talk: [ChoiceTemplate]
        let attempt: [ChoiceTemplate]
        let wait: [ChoiceTemplate]
    }

    /// How an attempt ends.
    struct Outcomes: Sendable {
        let success: [String]
        let partial: [String]
        let cost: [String]
    }

    /// Several actions in one passage.
    let together: [String]
    /// What was done before the actions that are told one by one.
    let earlier: [String]
    let look: Leads
    let say: Leads
    let move: Leads
    let attempt: Leads
    let outcomes: Outcomes
    let hooks: [String]
    let choices: Choices
    /// For a player without a name.
    let traveller: String
    let somebody: String
    let something: String
    /// Between two sentences.
    let separator: String
    /// What English drops from a name at the start of a sentence or in a search.
    let articles: [String]

    func leads(for type: ActionType) -> Leads {
        switch type {
        case .look: look
        case .say: say
        case .move: move
        case .do: attempt
        }
    }

    static func of(_ language: Language) -> NarratorPhrases {
        switch language {
        case .en: english
        case .ja: japanese
        }
    }
}
