internal import Identity
internal import Base
internal import FoundationEssentials
public import Observability

/// What the environment variables say of a start: `ENVIRONMENT`, `DEBUG`, `LOG_LEVEL`.
public struct Settings: Sendable {
    /// Whether real users depend on this process.
    public enum Stage: String, Sendable, CaseIterable {
        case development, production
    }

    /// `ENVIRONMENT`; development where unset.
    public let stage: Stage
    /// `DEBUG`: answers of status 500 tell the error; production does not start with it. False where unset.
    public let debug: Bool
    /// `LOG_LEVEL`; INFO where unset, DEBUG with `DEBUG=true`.
    public let logLevel: LogLevel
    private let environment: [String: String]

    /// The shortest signing key that production takes, in bytes: the size of HS256's digest (RFC 7518 section 3.2).
    public static let minimumKeyLength = 32

    /// Reads the variables; throws a `StartError` for a word it does not know.
    public init(environment: [String: String]) throws(StartError) {
        self.environment = environment
        let stageName = environment["ENVIRONMENT"] ?? "development"
        guard let stage = Stage(rawValue: stageName.lowercased()) else {
            throw .unknownValue(variable: "ENVIRONMENT", allowed: Stage.allCases.map(\.rawValue))
        }
        switch (environment["DEBUG"] ?? "false").lowercased() {
        case "true", "1", "yes", "on": debug = true
        case "false", "0", "no", "off", "": debug = false
        default: throw .unknownValue(variable: "DEBUG", allowed: ["true", "false"])
        }
        guard let level = LogLevel(name: environment["LOG_LEVEL"] ?? (debug ? "debug" : "info")) else {
            throw .unknownValue(
                variable: "LOG_LEVEL", allowed: LogLevel.allCases.map { $0.rawValue.uppercased() })
        }
        self.stage = stage
        logLevel = level
    }

    /// Whether a caller may read the text of an error.
    package var tellsErrors: Bool { debug && stage == .development }

    /// Those of the named variables that are set.
    package func variables(_ names: [String]) -> [String: String] {
        names.isEmpty ? [:] : environment.filter { names.contains($0.key) }
    }

    /// In so many different bytes at least: random text of the shortest length has many more.
    static let minimumKeyVariety = 8

    /// The manifest, fit to be served: every issuer has the key that signs, and no key is without a value.
    ///
    /// In production a missing, short or plain key, guests being allowed, or `DEBUG`, throws. In development a missing key is
    /// made once and kept at `place`, beside the store; without a place it must be set.
    public func ready(_ manifest: Manifest, keysAt place: String? = nil) throws(StartError) -> Manifest {
        var manifest = manifest
        if stage == .production && debug { throw .debugInProduction }
        if stage == .production && manifest.allowsAnonymous { throw .anonymousInProduction }
        for index in manifest.auth.indices {
            let issuer = manifest.auth[index]
            if issuer.signingKey == nil {
                guard stage == .development, !issuer.keys.isEmpty, let place else {
                    throw .missingKey(issuer: issuer.issuer)
                }
                manifest.auth[index].keys[0].secret = try DevelopmentKey.readOrMake(beside: place)
            }
            manifest.auth[index].keys.removeAll { $0.secret == nil }
            guard stage == .production else { continue }
            for key in issuer.keys.compactMap(\.secret) { try check(key, of: issuer.issuer) }
        }
        return manifest
    }

    private func check(_ key: String, of issuer: String) throws(StartError) {
        let bytes = key.utf8.drop { $0 <= 0x20 }
        let length =
            bytes.lastIndex { $0 > 0x20 }.map { bytes.distance(from: bytes.startIndex, to: $0) + 1 } ?? 0
        guard length >= Self.minimumKeyLength else { throw .shortKey(issuer: issuer, length: length) }
        let variety = Set(bytes).count
        guard variety >= Self.minimumKeyVariety else { throw .plainKey(issuer: issuer, variety: variety) }
    }
}

/// Why a process does not start.
public enum StartError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An environment variable has a value that is not one of those allowed.
    case unknownValue(variable: String, allowed: [String])
    /// Production without a signing key.
    case missingKey(issuer: String)
    /// Production with a key that could be guessed; blanks around it are not counted.
    case shortKey(issuer: String, length: Int)
    /// Production with a key of a few characters again and again.
    case plainKey(issuer: String, variety: Int)
    /// Production with guests.
    case anonymousInProduction
    /// Production with `DEBUG`.
    case debugInProduction
    /// The development key could not be read or made.
    case developmentKey(path: String, reason: String)

    /// One line, with what to do.
    public var description: String {
        switch self {
        case .unknownValue(let variable, let allowed):
            "\(variable) must be one of: \(allowed.joined(separator: ", "))"
        case .missingKey(let issuer):
            "ENVIRONMENT=production needs the signing key of issuer '\(issuer)': set SECRET_KEY to at least \(Settings.minimumKeyLength) random bytes (openssl rand -hex 32)"
        case .shortKey(let issuer, let length):
            "ENVIRONMENT=production: the signing key of issuer '\(issuer)' has \(length) bytes and needs at least \(Settings.minimumKeyLength), blanks around it not counted (openssl rand -hex 32)"
        case .plainKey(let issuer, let variety):
            "ENVIRONMENT=production: the signing key of issuer '\(issuer)' has \(variety) different characters, and whoever tries finds it (openssl rand -hex 32)"
        case .anonymousInProduction:
            "ENVIRONMENT=production does not allow guests: set GUESTS=false, or 'guests: false' in the manifest"
        case .debugInProduction:
            "ENVIRONMENT=production does not allow DEBUG=true: leave DEBUG out (LOG_LEVEL=DEBUG gives the log's details)"
        case .developmentKey(let path, let reason): "cannot keep a development key in \(path): \(reason)"
        }
    }
}
