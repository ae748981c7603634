public import Functions
public import Identity

/// What `functions.yaml` says: the functions, what starts them, who may call them and within which limits.
///
/// A manifest is checked as a whole before anything is served: a value of this type has no unknown keys, no
/// clashing triggers and nothing out of range. It is read once, at start.
public struct Manifest: Sendable, Equatable {
    /// Path of the store's database file; relative to the working directory.
    public var store: String
    /// Whether sessions may be had without an account. A production start refuses `true`.
    public var allowsAnonymous: Bool
    /// Who may sign the tokens that are accepted, in file order.
    public var auth: [Issuer]
    /// How the Socket.IO endpoint behaves.
    public var sockets: SocketSettings
    /// How the plain WebSocket endpoints behave, by their paths. A path that only a trigger names has the defaults.
    public var websockets: [String: WebSocketSettings]
    /// Addresses of proxies that are believed about their clients' addresses, as ``IPLiteral`` writes them.
    public var trustedProxies: [String]
    /// The one field in which they are.
    public var forwardedHeader: ForwardedHeader
    /// The functions, in file order.
    public var functions: [FunctionEntry]

    /// A manifest made in code; unlike one that was read, it is not checked.
    public init(
        store: String = Manifest.defaultStore, allowsAnonymous: Bool = false, auth: [Issuer] = [],
        sockets: SocketSettings = SocketSettings(), websockets: [String: WebSocketSettings] = [:],
        trustedProxies: [String] = [], forwardedHeader: ForwardedHeader = .xForwardedFor,
        functions: [FunctionEntry] = []
    ) {
        self.store = store
        self.allowsAnonymous = allowsAnonymous
        self.auth = auth
        self.sockets = sockets
        self.websockets = websockets
        self.trustedProxies = trustedProxies
        self.forwardedHeader = forwardedHeader
        self.functions = functions
    }

    /// Where the state is kept when the manifest does not say.
    public static let defaultStore = "var/gestaloka.db"

    /// The function of that name, if the manifest has one.
    public func function(named name: String) -> FunctionEntry? {
        functions.first { $0.name == name }
    }

    /// The function of a socket event's full name, if the manifest has one.
    public func function(onEvent fullName: String) -> FunctionEntry? {
        functions.first { $0.triggers.contains { $0.eventName == fullName } }
    }
}

extension Manifest {
    /// Reads and checks the manifest at `path`.
    ///
    /// - Parameters:
    ///   - path: The file; it stands in front of every problem as it is written here.
    ///   - environment: What `${NAME}` is looked up in.
    /// - Throws: Every problem found, in file order. A file that cannot be read is one problem at 1:1.
    public init(contentsOf path: String, environment: [String: String]) throws(ManifestError) {
        let bytes = try ManifestFile.read(path)
        try self.init(yaml: bytes, file: path, environment: environment)
    }

    /// Reads and checks a manifest's text.
    ///
    /// - Parameters:
    ///   - yaml: The text: one YAML document in UTF-8.
    ///   - file: The name that stands in front of every problem.
    ///   - environment: What `${NAME}` is looked up in.
    /// - Throws: Every problem found, in file order.
    public init(yaml: String, file: String, environment: [String: String]) throws(ManifestError) {
        try self.init(yaml: Array(yaml.utf8), file: file, environment: environment)
    }

    /// Reads and checks a manifest's bytes; see ``init(yaml:file:environment:)-(String,_,_)``.
    public init(yaml: [UInt8], file: String, environment: [String: String]) throws(ManifestError) {
        let root: YAMLNode
        do {
            root = try YAMLReader.read(yaml)
        } catch {
            throw ManifestError(problem: error.message, at: error.mark, file: file)
        }
        var decoder = ManifestDecoder(file: file, environment: environment)
        let manifest = decoder.manifest(root)
        if let error = ManifestError(found: decoder.problems) {
            throw error
        }
        self = manifest
    }
}
