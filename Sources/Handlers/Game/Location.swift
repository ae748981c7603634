/// A place of the world, with what a narrator can tell about it.
///
/// English names carry no article (`Night Market`); the names of details and residents read as they stand in the
/// middle of a sentence (`the tide bell`, `Marta the innkeeper`).
public struct Location: Codable, Sendable, Equatable {
    /// Something to be examined here.
    public struct Detail: Codable, Sendable, Equatable {
        /// What it is called in the middle of a sentence.
        public let name: LocalizedText
        /// What is seen when it is looked at; whole sentences.
        public let text: LocalizedText
    }

    /// Somebody who is always here.
    public struct Resident: Codable, Sendable, Equatable {
        /// What they are called in the middle of a sentence.
        public let name: LocalizedText
        /// How they take what is said to them; a whole sentence.
        public let manner: LocalizedText
    }

    /// The id, `[a-z0-9-]{1,64}`; room `location:ID` is named by it.
    public let id: String
    /// What the place is called.
    public let name: LocalizedText
    /// What is seen on arrival; whole sentences.
    public let description: LocalizedText
    /// The ids of the neighbouring locations.
    public let exits: [String]
    /// What can be examined here; at least one.
    public let details: [Detail]
    /// Sentences about what goes on in the background; at least one.
    public let ambience: [LocalizedText]
    /// Who is here; at least one.
    public let residents: [Resident]
}
