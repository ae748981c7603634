/// Why a world file is refused.
public enum WorldError: Error, Equatable, Sendable {
    /// The file is larger than 1 MiB.
    case fileTooLarge(bytes: Int)
    /// It is not JSON of the world's shape; `path` is the place, such as `locations.0.name`, and empty where the
    /// text is no JSON at all.
    case malformed(path: String)
    /// There are no locations, or more than 256.
    case locationCount(Int)
    /// An id is not `[a-z0-9-]{1,64}`.
    case invalidID(String)
    /// Two locations have the same id.
    case duplicateID(String)
    /// The start is no location.
    case unknownStart(String)
    /// An exit leads to no location.
    case unknownExit(from: String, to: String)
    /// An exit is named twice or leads back to where it starts.
    case invalidExit(from: String, to: String)
    /// An exit has no way back.
    case oneWayExit(from: String, to: String)
    /// A location cannot be reached from the start.
    case unreachable(String)
    /// A list of a location is empty where one entry is needed, or has more than 32.
    case listLength(location: String, list: String)
    /// A text is blank in one of the languages.
    case blankText(location: String, field: String, language: Language)
    /// A name is longer than 48 scalars or another text longer than 600.
    case textTooLong(location: String, field: String, language: Language)
}
