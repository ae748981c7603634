import FoundationEssentials

/// The map of the game: connected locations that never change while it is played.
public struct World: Sendable {
    /// The world that comes with the game, decoded once from `world.json`.
    public static let builtIn: World = {
        do {
            return try World(json: PackageResources.world_json)
        } catch {
            preconditionFailure("The built-in world.json is invalid: \(error)")
        }
    }()

    /// The id of the location where new players begin.
    public let start: String
    /// Every location, in the order of the file.
    public let locations: [Location]

    private let indexes: [String: Int]

    private struct File: Decodable {
        let start: String
        let locations: [Location]
    }

    /// Reads and checks a world: `{"start": ID, "locations": [...]}` as ``Location`` describes them.
    ///
    /// Every exit has a way back and every location can be reached from the start, so no player is ever stuck.
    public init(json: [UInt8]) throws(WorldError) {
        guard json.count <= WorldLimits.fileBytes else { throw .fileTooLarge(bytes: json.count) }
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(json))
        } catch {
            throw .malformed(path: (error as? DecodingError)?.path ?? "")
        }
        guard (1...WorldLimits.locations).contains(file.locations.count) else {
            throw .locationCount(file.locations.count)
        }
        start = file.start
        locations = file.locations
        indexes = try Self.index(file.locations)
        for location in locations { try location.checkTexts() }
        guard indexes[start] != nil else { throw .unknownStart(start) }
        try checkExits()
        try checkReachability()
    }

    /// The location of an id; nil if there is none.
    public func location(_ id: String) -> Location? {
        indexes[id].map { locations[$0] }
    }

    /// Whether an exit leads from one location to the other. A location is not its own neighbour.
    public func isNeighbour(_ from: String, _ to: String) -> Bool {
        location(from)?.exits.contains(to) ?? false
    }

    private static func index(_ locations: [Location]) throws(WorldError) -> [String: Int] {
        var indexes: [String: Int] = [:]
        for (index, location) in locations.enumerated() {
            guard isValidID(location.id) else { throw .invalidID(location.id) }
            guard indexes.updateValue(index, forKey: location.id) == nil else {
                throw .duplicateID(location.id)
            }
        }
        return indexes
    }

    private static func isValidID(_ id: String) -> Bool {
        let bytes = id.utf8
        return (1...WorldLimits.idBytes).contains(bytes.count)
            && bytes.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }

    private func checkExits() throws(WorldError) {
        for from in locations {
            var seen: Set<String> = [from.id]
            for to in from.exits {
                guard let neighbour = location(to) else { throw .unknownExit(from: from.id, to: to) }
                guard seen.insert(to).inserted else { throw .invalidExit(from: from.id, to: to) }
                guard neighbour.exits.contains(from.id) else { throw .oneWayExit(from: from.id, to: to) }
            }
        }
    }

    private func checkReachability() throws(WorldError) {
        var reached: Set<String> = [start]
        var frontier = [start]
        while let id = frontier.popLast() {
            for exit in location(id)?.exits ?? [] where reached.insert(exit).inserted {
                frontier.append(exit)
            }
        }
        for location in locations where !reached.contains(location.id) { throw .unreachable(location.id) }
    }
}

extension Location {
    fileprivate func checkTexts() throws(WorldError) {
        try check("name", name, limit: WorldLimits.nameScalars)
        try check("description", description, limit: WorldLimits.textScalars)
        guard exits.count <= WorldLimits.listLength else { throw .listLength(location: id, list: "exits") }
        try checkLength("details", details.count)
        try checkLength("ambience", ambience.count)
        try checkLength("residents", residents.count)
        for detail in details {
            try check("details.name", detail.name, limit: WorldLimits.nameScalars)
            try check("details.text", detail.text, limit: WorldLimits.textScalars)
        }
        for text in ambience { try check("ambience", text, limit: WorldLimits.textScalars) }
        for resident in residents {
            try check("residents.name", resident.name, limit: WorldLimits.nameScalars)
            try check("residents.manner", resident.manner, limit: WorldLimits.textScalars)
        }
    }

    private func checkLength(_ list: String, _ count: Int) throws(WorldError) {
        guard (1...WorldLimits.listLength).contains(count) else {
            throw .listLength(location: id, list: list)
        }
    }

    private func check(_ field: String, _ text: LocalizedText, limit: Int) throws(WorldError) {
        for language in Language.allCases {
            if PlayerText.isBlank(text[language]) {
                throw .blankText(location: id, field: field, language: language)
            }
            if text[language].unicodeScalars.count > limit {
                throw .textTooLong(location: id, field: field, language: language)
            }
        }
    }
}
