internal import Functions

/// Which function has a trigger, and where.
struct TriggerOwner {
    let function: String
    let line: Int
}

/// What only one part of a manifest can have, and where the part is that has it.
struct ManifestClaims {
    /// By what makes two triggers clash, which is how they are described.
    var triggers: [String: TriggerOwner] = [:]
    /// The first line of each path of a plain WebSocket.
    var endpoints: [String: Int] = [:]
    /// The first line of each namespace.
    var namespaces: [String: Int] = [:]
}

extension ManifestDecoder {
    mutating func claim(
        _ trigger: Trigger, of kind: TriggerKind, for function: String, at mark: YAMLMark
    ) {
        let name = kind.identity(trigger)
        let key = kind.clash == .anywhere ? name : name + "\n" + function
        if let owner = claims.triggers[key] {
            let holder = owner.function == function ? "this function" : "function '\(quoted(owner.function))'"
            report("'\(quoted(name))' is already taken by \(holder) on line \(owner.line)", at: mark)
            return
        }
        claims.triggers[key] = TriggerOwner(function: function, line: mark.line)
        kind.check(&self, trigger, mark)
    }

    /// Takes a path for a plain WebSocket, once for all its routes.
    mutating func claimEndpoint(_ path: String, at mark: YAMLMark) {
        guard claims.endpoints[path] == nil else { return }
        claims.endpoints[path] = mark.line
        // A WebSocket begins as a GET request for its path (RFC 6455, section 4.1).
        let request = Trigger.http(method: "GET", path: path).description
        if let owner = claims.triggers[request] {
            report(
                "'\(quoted(path))' is already the path of '\(quoted(request))' on line \(owner.line)",
                at: mark)
        } else if let line = claims.namespaces[path] {
            report("'\(quoted(path))' is already a namespace on line \(line)", at: mark)
        }
    }

    /// Takes a name for a namespace, once for all its events.
    mutating func claimNamespace(_ name: String, at mark: YAMLMark) {
        guard claims.namespaces[name] == nil else { return }
        claims.namespaces[name] = mark.line
        if let line = claims.endpoints[name] {
            report("'\(quoted(name))' is already the path of a websocket on line \(line)", at: mark)
        }
    }
}
