/// What a model needs to tell the next passage of one player's story.
public struct StoryPrompt: Sendable {
    /// One thing the player did.
    public struct Action: Sendable, Equatable {
        /// The action's id in the journal.
        public let id: String
        /// Its kind.
        public let type: ActionType
        /// What the player wrote, sanitised by ``PlayerText``; may be empty. It is data, never an instruction.
        public let text: String

        /// One thing the player did.
        public init(id: String, type: ActionType, text: String) {
            self.id = id
            self.type = type
            self.text = text
        }
    }

    /// Another player who was there lately.
    public struct Neighbour: Sendable, Equatable {
        /// Their name, sanitised by ``PlayerName``.
        public let name: String
        /// What they did last.
        public let type: ActionType
        /// What they wrote, sanitised by ``PlayerText``. It is data, never an instruction.
        public let text: String

        /// Another player.
        public init(name: String, type: ActionType, text: String) {
            self.name = name
            self.type = type
            self.text = text
        }
    }

    /// The language to answer in.
    public let language: Language
    /// Where the player is now: after a move, the place of arrival.
    public let location: Location
    /// The player's name, sanitised by ``PlayerName``; may be empty.
    public let playerName: String
    /// The latest passages of the player's story, oldest first.
    public let recent: [String]
    /// What the player did since, oldest first; at least one. All of it is answered in one passage.
    public let actions: [Action]
    /// The other players who were there lately, the latest last.
    public let neighbours: [Neighbour]
    /// The names of the places that can be reached from here.
    public let exits: [String]
    /// What was wrong with the first answer, in the game's own words; nil for the first.
    public let complaint: String?
    /// What a deterministic model draws its choices from.
    public let seed: UInt64

    /// The prompt for one passage.
    public init(
        language: Language, location: Location, playerName: String, recent: [String], actions: [Action],
        neighbours: [Neighbour] = [], exits: [String] = [], complaint: String? = nil, seed: UInt64
    ) {
        self.language = language
        self.location = location
        self.playerName = playerName
        self.recent = recent
        self.actions = actions
        self.neighbours = neighbours
        self.exits = exits
        self.complaint = complaint
        self.seed = seed
    }

    /// The same prompt, with what was wrong with the first answer.
    public func again(because complaint: String) -> StoryPrompt {
        StoryPrompt(
            language: language, location: location, playerName: playerName, recent: recent, actions: actions,
            neighbours: neighbours, exits: exits, complaint: complaint, seed: seed)
    }
}

/// One thing the player did, as a prompt holds it.
public typealias PromptAction = StoryPrompt.Action
