/// The limits of a world file.
enum WorldLimits {
    static let fileBytes = 1 << 20
    static let locations = 256
    static let idBytes = 64
    /// Of each list of a location: exits, details, ambience, residents.
    static let listLength = 32
    /// Scalars of a name, so that a choice that names it stays within ``PassageLimits/labelScalars``.
    static let nameScalars = 48
    /// Scalars of any other text.
    static let textScalars = 600
}
