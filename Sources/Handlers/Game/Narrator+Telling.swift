internal import Functions

extension Narrator {
    /// One passage in the making.
    struct Telling {
        private let prompt: StoryPrompt
        private let world: World
        private let language: Language
        private let phrases: NarratorPhrases
        private var random: SeededRandom
        /// The sentences of the latest passages and of this one: none is told twice while there are others.
        private var told: Set<UInt64>
        private var toldDetails: Set<String> = []

        private static let quoteScalars = 60
        /// How far back sentences are remembered, and how much of a passage.
        private static let rememberedPassages = 3
        private static let rememberedScalars = 8_000
        /// The latest actions that are told one by one.
        private static let toldActions = 5
        /// Up to so many actions each has its consequence told.
        private static let actionsInFull = 2
        /// Sentences of so few scalars may come again.
        private static let shortestSentence = 3

        init(prompt: StoryPrompt, world: World, seed: UInt64) {
            self.prompt = prompt
            self.world = world
            language = prompt.language
            phrases = NarratorPhrases.of(language)
            random = SeededRandom(seed: seed)
            told = []
            for passage in prompt.recent.suffix(Self.rememberedPassages) {
                told.formUnion(Self.sentences(of: passage.prefix(scalars: Self.rememberedScalars)))
            }
        }

        mutating func story() -> String {
            let last = prompt.recent.last
            var text = compose()
            // The sentences left may be so few that chance repeats the last passage; three more tries are plenty.
            for _ in 0..<3 where text == last { text = compose() }
            return text
        }

        /// One paragraph for a single action; one for each of several.
        private mutating func compose() -> String {
            let actions = prompt.actions.suffix(Self.toldActions)
            let earlier = prompt.actions.count - actions.count
            var paragraphs: [[String]] = []
            if actions.count > 1 {
                var scene = scene()
                scene.count = prompt.actions.count
                paragraphs.append([tell(phrases.together, scene)])
            }
            for (index, action) in actions.enumerated() {
                let isInFull = actions.count <= Self.actionsInFull || index == actions.count - 1
                paragraphs.append(answer(to: action, isInFull: isInFull))
            }
            var ending: [String] = []
            if earlier > 0 {
                var scene = scene()
                scene.count = earlier
                ending.append(tell(phrases.earlier, scene))
            }
            ending.append(tell(prompt.location.ambience.map { $0[language] }))
            if actions.count <= Self.actionsInFull, random.next(below: 3) > 0 {
                ending.append(tell(phrases.hooks, scene()))
            }
            if actions.count > 1 {
                paragraphs.append(ending)
            } else {
                paragraphs = [paragraphs.joined() + ending]
            }
            return paragraphs.map { $0.filter { !$0.isEmpty }.joined(separator: phrases.separator) }
                .filter { !$0.isEmpty }.joined(separator: "\n\n")
        }

        private mutating func answer(to action: PromptAction, isInFull: Bool) -> [String] {
            var scene = scene()
            let detail = examinedDetail(of: action)
            if let detail { scene.detail = detail.name[language] }
            scene.quote = quote(of: action)
            let leads = phrases.leads(for: action.type)
            let lead = tell(scene.quote.isEmpty ? leads.plain : leads.quoted, scene)
            return isInFull ? [lead] + consequence(of: action, detail, scene) : [lead]
        }

        private mutating func consequence(
            of action: PromptAction, _ detail: Location.Detail?, _ scene: NarratorScene
        ) -> [String] {
            switch action.type {
            case .look:
                guard let detail else { return [prompt.location.description[language]] }
                toldDetails.insert(detail.name.en)
                return [tell([detail.text[language]])]
            case .say:
                let manners = prompt.location.residents.map { $0.manner[language] }
                return [tell(manners)]
            case .move:
                return [tell([prompt.location.description[language]])]
            case .do:
                let outcomes = [phrases.outcomes.success, phrases.outcomes.partial, phrases.outcomes.cost]
                return [tell(random.pick(outcomes) ?? [], scene)]
            }
        }

        /// The detail that a look is about: the one whose name the player wrote, otherwise any.
        private mutating func examinedDetail(of action: PromptAction) -> Location.Detail? {
            let details = prompt.location.details
            if !action.text.isEmpty {
                let text = action.text.lowercased()
                if let named = details.first(where: { text.contains(searchName($0.name)) }) { return named }
            }
            guard action.type == .look else { return nil }
            let order = random.shuffled(details)
            return order.first { !hasBeenTold($0.text[language]) && !toldDetails.contains($0.name.en) }
                ?? order.first
        }

        private func searchName(_ name: LocalizedText) -> String {
            let name = name[language].lowercased()
            let article = phrases.articles.first { name.hasPrefix($0) } ?? ""
            return String(name.dropFirst(article.count))
        }

        /// The player's words, shortened. A move that just names its target has none.
        private func quote(of action: PromptAction) -> String {
            if PlayerText.isBlank(action.text) { return "" }
            if action.type == .move {
                let isName = Language.allCases.contains { prompt.location.name[$0] == action.text }
                if isName || world.location(action.text) != nil { return "" }
            }
            return action.text.shortened(scalars: Self.quoteScalars)
        }

        private mutating func scene() -> NarratorScene {
            let location = prompt.location
            var scene = NarratorScene()
            scene.name = prompt.playerName.isEmpty ? phrases.traveller : prompt.playerName
            scene.place = location.name[language]
            scene.detail = random.pick(location.details)?.name[language] ?? phrases.something
            scene.person = random.pick(location.residents)?.name[language] ?? phrases.somebody
            return scene
        }

        /// One of the sentences that have not been told lately; one of them all if every one has.
        private mutating func tell(_ templates: [String], _ scene: NarratorScene? = nil) -> String {
            let order = random.shuffled(templates)
            var first: String?
            for template in order {
                let text = scene?.fill(template) ?? template
                first = first ?? text
                if !hasBeenTold(text) {
                    told.formUnion(Self.sentences(of: text))
                    return text
                }
            }
            return first ?? ""
        }

        private func hasBeenTold(_ text: String) -> Bool {
            Self.sentences(of: text).contains { told.contains($0) }
        }

        /// The hashes of the sentences of a text, leaving out the shortest.
        private static func sentences(of text: String) -> [UInt64] {
            var hashes: [UInt64] = []
            var hash = StableHash()
            var length = 0
            for scalar in text.unicodeScalars {
                switch scalar {
                case ".", "!", "?", "。", "！", "？":
                    if length > shortestSentence { hashes.append(hash.value) }
                    hash = StableHash()
                    length = 0
                case " ", "\n":
                    continue
                default:
                    hash.combine(scalar)
                    length += 1
                }
            }
            if length > shortestSentence { hashes.append(hash.value) }
            return hashes
        }
    }
}

extension Narrator.Telling {
    /// Three different things that are possible here: a way out, something to examine, and something bolder.
    mutating func choices() -> [Choice] {
        let location = prompt.location
        var choices: [Choice] = []
        var scene = scene()
        let exits = random.shuffled(location.exits.compactMap { world.location($0) })
        if let exit = exits.first {
            scene.exit = exit.name[language]
            choices.append(choice(phrases.choices.go, scene))
        }
        let details = random.shuffled(location.details)
        if let detail = details.first(where: { !toldDetails.contains($0.name.en) }) ?? details.first {
            scene.detail = detail.name[language]
            choices.append(choice(phrases.choices.examine, scene))
        }
        if !location.residents.isEmpty {
            // What is touched is not what is examined, so that the three are three.
            if let other = details.first(where: { $0.name[language] != scene.detail }) {
                scene.detail = other.name[language]
            }
            let isBold = random.next(below: 3) == 0
            choices.append(choice(isBold ? phrases.choices.attempt : phrases.choices.talk, scene))
        }
        for template in phrases.choices.wait where choices.count < PassageLimits.choices {
            choices.append(choice([template], scene))
        }
        return random.shuffled(choices)
    }

    private mutating func choice(_ templates: [NarratorPhrases.ChoiceTemplate], _ scene: NarratorScene)
        -> Choice
    {
        let template = random.pick(templates)
        return Choice(
            label: scene.fill(template?.label ?? "").shortened(scalars: PassageLimits.labelScalars),
            summary: scene.fill(template?.summary ?? "").shortened(scalars: PassageLimits.summaryScalars))
    }
}
