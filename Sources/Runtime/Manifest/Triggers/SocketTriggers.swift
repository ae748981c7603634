internal import Base
internal import Functions

extension TriggerKind {
    /// `socket: chat`.
    static let socket = TriggerKind(
        key: "socket",
        help:
            "A Socket.IO event; a namespace stands in front with '#'. $connect and $disconnect are a socket's beginning and end, * is every event without a function, and $ack:NAME the answers of clients to the event NAME."
    ) { decoder, node, _ in
        decoder.socket(node)
    }

    /// `websocket: /ws#look`.
    static let websocket = TriggerKind(
        key: "websocket",
        help:
            "The path of a plain WebSocket; behind '#' a route, or $connect, $disconnect or $default, which is meant without one.",
        synonyms: ["ws"]
    ) { decoder, node, _ in
        decoder.websocket(node)
    }
}

extension ManifestDecoder {
    fileprivate mutating func socket(_ node: YAMLNode) -> Trigger? {
        guard let text = text(node, "socket") else { return nil }
        guard text.hasPrefix("/") else {
            return isSocketEvent(text, "", at: node.mark) ? .socket(event: text) : nil
        }
        guard let hash = text.firstIndex(of: "#") else {
            report(
                "'\(quoted(text))' is a namespace; its event follows '#'", at: node.mark,
                suggestion: isNamespace(text) ? quoted("\(EventName(at: text, Trigger.fallbackEvent))") : nil)
            return nil
        }
        let namespace = String(text[..<hash])
        let event = String(text[hash...].dropFirst())
        if namespace == EventName.mainNamespace {
            report(
                "the main namespace is not written", at: node.mark,
                suggestion: event.isEmpty ? nil : quoted(event))
            return nil
        }
        guard isNamespace(namespace) else {
            report(
                "a namespace is '/' and letters, digits, '_', '.', '-' or '/', at most "
                    + "\(ManifestBounds.namespaceBytes) bytes, not '\(quoted(namespace))'", at: node.mark)
            return nil
        }
        guard isSocketEvent(event, "\(namespace)#", at: node.mark) else { return nil }
        claimNamespace(namespace, at: node.mark)
        return .socket(event: text)
    }

    fileprivate mutating func websocket(_ node: YAMLNode) -> Trigger? {
        guard let text = text(node, "websocket") else { return nil }
        let path = String(text.prefix { $0 != "#" })
        let behind = String(text.dropFirst(path.count))
        guard isWebSocketPath(path, at: node.mark, route: behind) else { return nil }
        let route = behind.isEmpty ? Trigger.defaultEvent : String(behind.dropFirst())
        guard isRoute(route, of: path, at: node.mark) else { return nil }
        claimEndpoint(path, at: node.mark)
        return .websocket(path: path, route: route)
    }

    private func isNamespace(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "/"),
            (2...ManifestBounds.namespaceBytes).contains(text.utf8.count)
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "_.-/".utf8.contains(byte)
            }
        }
    }

    /// Whether a function can have this event of Socket.IO; reported, if not. `place` stands in front of suggestions.
    private mutating func isSocketEvent(_ event: String, _ place: String, at mark: YAMLMark) -> Bool {
        if event.hasPrefix(Trigger.acknowledgementPrefix) {
            let name = String(event.dropFirst(Trigger.acknowledgementPrefix.count))
            guard !name.isEmpty, !name.hasPrefix("$"), name != Trigger.fallbackEvent else {
                report(
                    "'\(Trigger.acknowledgementPrefix)' needs the name of the event that is answered, not '\(quoted(name))'",
                    at: mark)
                return false
            }
            return isEmitted(name, place, at: mark, lifecycle: [])
        }
        let lifecycle = [Trigger.connectEvent, Trigger.disconnectEvent]
        if event.hasPrefix("$"), !lifecycle.contains(event) {
            let names = lifecycle + [Trigger.acknowledgementPrefix + "NAME"]
            report(
                "events that start with '$' are \(alternatives(names)), not '\(quoted(event))'", at: mark,
                suggestion: event == Trigger.defaultEvent
                    ? place + Trigger.fallbackEvent : nearest(event, among: lifecycle).map { place + $0 })
            return false
        }
        return isEmitted(event, place, at: mark, lifecycle: lifecycle)
    }

    private mutating func isEmitted(
        _ event: String, _ place: String, at mark: YAMLMark, lifecycle: [String]
    ) -> Bool {
        if Trigger.reservedEvents.contains(event) {
            report(
                "'\(event)' is an event of Socket.IO itself", at: mark,
                suggestion: lifecycle.contains("$\(event)") ? quoted("\(place)$\(event)") : nil)
            return false
        }
        return isEventName(event, at: mark)
    }

    private mutating func isRoute(_ route: String, of path: String, at mark: YAMLMark) -> Bool {
        let lifecycle = [Trigger.connectEvent, Trigger.disconnectEvent, Trigger.defaultEvent]
        if lifecycle.contains(route) { return true }
        let place = "\(path)#"
        if route.hasPrefix("$") {
            let reason =
                route.hasPrefix(Trigger.acknowledgementPrefix)
                ? "messages of a plain WebSocket have no answers; "
                : ""
            report(
                "\(reason)routes that start with '$' are \(alternatives(lifecycle)), not '\(quoted(route))'",
                at: mark, suggestion: nearest(route, among: lifecycle).map { quoted(place + $0) })
            return false
        }
        if route == Trigger.fallbackEvent {
            report(
                "messages without a route of their own go to \(Trigger.defaultEvent), not to '*'", at: mark,
                suggestion: quoted(place + Trigger.defaultEvent))
            return false
        }
        guard isEventName(route, at: mark) else { return false }
        guard routed.contains(path) else {
            // Either the path is a slip, or the route can only be one of those that need no name.
            let meant = nearest(path, among: routed.sorted()).map { "\(EventName(at: $0, route))" }
            let word = "$\(route)"
            let known =
                lifecycle.contains(word) ? word : nearest(word, among: lifecycle) ?? Trigger.defaultEvent
            report(
                "'\(quoted(path))' has no 'route-by', so no message has the route '\(quoted(route))'",
                at: mark,
                suggestion: quoted(meant ?? place + known))
            return false
        }
        return true
    }

    /// Whether a function can have an event of this name; reported, if not.
    private mutating func isEventName(_ event: String, at mark: YAMLMark) -> Bool {
        guard !event.isEmpty else {
            report("the event behind '#' is empty", at: mark)
            return false
        }
        guard event.unicodeScalars.count <= ManifestBounds.eventCharacters else {
            report("an event's name is at most \(ManifestBounds.eventCharacters) characters", at: mark)
            return false
        }
        if Trigger.hostEvents.contains(event) {
            report("'\(event)' is an event of the host itself", at: mark)
            return false
        }
        guard !hasControlCharacters(event) else {
            report("an event's name has no control characters", at: mark)
            return false
        }
        return true
    }

    func hasControlCharacters(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}
