/// Who may call a function: the key `auth` of a function.
public enum Access: Sendable, Equatable, CustomStringConvertible {
    /// Anyone, without a token.
    case none
    /// Anyone with a valid token; what a function gets that does not say.
    case authenticated
    /// A caller whose token carries this role.
    case role(String)

    /// The value as the manifest writes it.
    public var description: String {
        switch self {
        case .none: "none"
        case .authenticated: CallerWord.manifest
        case .role(let name): name
        }
    }

    /// The roles that it asks for.
    public var roles: [String] { if case .role(let name) = self { [name] } else { [] } }

    /// What rates are counted by where the manifest does not say: whoever the token names, else the address.
    public var defaultScope: RateScope {
        self == .none ? .address : .caller
    }
}
