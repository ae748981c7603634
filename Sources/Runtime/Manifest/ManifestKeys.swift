internal import Base

/// The keys of one kind of mapping in a manifest. The JSON Schema beside the manifest names the same.
package struct ManifestKeys: Sendable {
    /// The keys that are known, in the order in which one writes them.
    package let known: [String]
    /// Keys people write for them, and the key they mean.
    let synonyms: [String: String]

    init(_ known: [String], synonyms: [String: String] = [:]) {
        self.known = known
        self.synonyms = synonyms
    }

    /// The known key that `word` was probably meant to be.
    func meant(by word: String) -> String? {
        let candidate = synonyms[word.lowercased()] ?? nearest(word, among: known + synonyms.keys.sorted())
        return candidate.map { synonyms[$0] ?? $0 }
    }

    /// The manifest itself.
    package static let document = ManifestKeys(
        [
            "version", "store", "guests", "auth", "sockets", "websockets", "trusted-proxies",
            "forwarded-header",
            "functions",
        ],
        synonyms: [
            "issuers": "auth", "proxies": "trusted-proxies", "forwarded": "forwarded-header",
            "x-forwarded-for": "forwarded-header", "proxy-header": "forwarded-header", "socket.io": "sockets",
            "socketio": "sockets",
            "ws": "websockets", "endpoints": "websockets",
        ])
    /// An entry of `auth`.
    package static let issuer = ManifestKeys(
        ["issuer", "audience", "algorithm", "key", "keys"],
        synonyms: [
            "iss": "issuer", "aud": "audience", "alg": "algorithm", "secret": "key", "secrets": "keys",
            "jwks": "keys",
        ])
    /// An entry of `keys` of an issuer.
    package static let issuerKey = ManifestKeys(
        ["id", "key"], synonyms: ["kid": "id", "name": "id", "secret": "key"])
    /// The mapping `sockets`.
    package static let sockets = ManifestKeys(
        [
            "path", "ping-interval", "ping-timeout", "max-payload", "connect-timeout", "upgrade-timeout",
            "recovery-window", "send-queue", "handshake-rate", "allowed-origins",
        ],
        synonyms: [
            "recovery": "recovery-window", "max-http-buffer-size": "max-payload", "cors": "allowed-origins",
            "cors-origin": "allowed-origins", "cors-origins": "allowed-origins",
            "cors-allowed-origins": "allowed-origins", "origin": "allowed-origins",
            "origins": "allowed-origins", "send-buffer": "send-queue", "buffer": "send-queue",
            "backlog": "send-queue", "queue": "send-queue", "rate": "handshake-rate",
            "handshakes": "handshake-rate", "connect-rate": "handshake-rate",
        ])
    /// An entry of `websockets`.
    package static let websocket = ManifestKeys(
        ["route-by", "deflate", "subprotocols", "max-payload"],
        synonyms: [
            "route": "route-by", "routes": "route-by", "route-key": "route-by", "action": "route-by",
            "permessage-deflate": "deflate", "per-message-deflate": "deflate", "compression": "deflate",
            "compress": "deflate", "protocol": "subprotocols", "protocols": "subprotocols",
            "max-message-size": "max-payload", "payload": "max-payload",
        ])
    /// An entry of `functions`.
    package static let function = ManifestKeys(
        [
            "handler", "command", "directory", "on", "auth", "per", "limits", "idempotency-key", "isolation",
            "instances", "warm", "concurrency-per-instance", "idle-time", "max-invocations", "max-age",
            "environment", "hosts",
        ],
        synonyms: [
            "trigger": "on", "triggers": "on", "event": "on", "events": "on", "access": "auth",
            "role": "auth",
            "limit": "limits", "env": "environment", "allowed-hosts": "hosts", "egress": "hosts",
            "network": "hosts", "outbound": "hosts", "domains": "hosts",
            "idempotency": "idempotency-key", "idempotent": "idempotency-key", "key": "idempotency-key",
            "cmd": "command", "exec": "command", "program": "command", "entrypoint": "command",
            "cwd": "directory", "dir": "directory", "workdir": "directory", "working-directory": "directory",
            "max-instances": "instances", "scale": "instances", "replicas": "instances",
            "min-instances": "warm", "provisioned": "warm", "provisioned-concurrency": "warm",
            "max-concurrency": "concurrency-per-instance", "keep-warm": "idle-time",
            "idle-timeout": "idle-time", "max-requests": "max-invocations", "recycle": "max-invocations",
            "lifetime": "max-age", "max-lifetime": "max-age",
        ])
    /// The mapping `limits` of a function.
    package static let limits = ManifestKeys(
        [
            "rate", "timeout", "body", "concurrency", "tokens", "memory", "cpu", "files", "processes",
            "output",
            "response", "temporary",
        ],
        synonyms: [
            "mem": "memory", "ram": "memory", "cpu-time": "cpu", "open-files": "files", "nofile": "files",
            "pids": "processes", "nproc": "processes", "logs": "output", "answer": "response",
            "tmp": "temporary", "ephemeral-storage": "temporary",
            "rates": "rate", "deadline": "timeout", "size": "body", "budget": "tokens",
            "token-budget": "tokens",
        ])
    /// The long form of a queue trigger.
    package static let queue = ManifestKeys(["name", "batch"])
}
