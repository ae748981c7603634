internal import Base
internal import Functions

/// What a function has that runs in processes of its own.
extension ManifestDecoder {
    /// Keys that only such a function may have: a limit that nothing would keep is refused, and not passed over.
    private static let instanceKeys = [
        "directory", "instances", "warm", "concurrency-per-instance", "idle-time", "max-invocations",
        "max-age",
    ]
    private static let processLimits = [
        "memory", "cpu", "files", "processes", "output", "response", "temporary",
    ]

    /// `isolation`, `command` and whatever stands beside them.
    mutating func isolation(_ fields: ManifestFields, of function: inout FunctionEntry) {
        if let node = fields["command"] {
            function.command = command(node)
            function.isolation = .process
            if let node = fields["handler"] {
                report("'handler' and 'command' exclude each other", at: node.mark)
            }
        }
        if let node = fields["isolation"] {
            let isolation = choice(node, "isolation", Isolation.self) ?? function.isolation
            if isolation == .inline, fields["command"] != nil {
                report("a 'command' runs in a process of its own", at: node.mark, suggestion: "process")
            } else {
                function.isolation = isolation
            }
        }
        guard function.isolation == .process else { return refuseProcessKeys(fields) }
        if let node = fields["directory"] {
            if fields["command"] == nil {
                report("'directory' is that of a 'command'", at: node.mark)
            } else {
                function.directory = text(node, "directory")
            }
        }
        function.instances = instances(fields)
        if function.instances.warm > function.instances.count,
            let node = fields["warm"] ?? fields["instances"]
        {
            report("'warm' cannot be more than 'instances'", at: node.mark)
        }
    }

    private mutating func refuseProcessKeys(_ fields: ManifestFields) {
        for key in Self.instanceKeys {
            if let node = fields[key] { report("'\(key)' needs 'isolation: process'", at: node.mark) }
        }
        guard let node = fields["limits"], case .mapping(let limits) = node.value else { return }
        for limit in limits where Self.processLimits.contains(limit.key) {
            report(
                "'\(limit.key)' limits a process of the function's own; it needs 'isolation: process'",
                at: limit.value.mark)
        }
    }

    private mutating func command(_ node: YAMLNode) -> [String] {
        var words: [String] = []
        for item in list(node, "command", of: "a program and its arguments", atMost: ManifestBounds.words) {
            if let word = text(item, "a word of 'command'") { words.append(word) }
        }
        if node.value == .sequence([]) { report("'command' names no program", at: node.mark) }
        return words
    }

    private mutating func instances(_ fields: ManifestFields) -> InstanceSettings {
        var settings = InstanceSettings()
        if let node = fields["instances"] {
            settings.count = integer(node, "instances", ManifestBounds.instances) ?? settings.count
        }
        if let node = fields["warm"] {
            settings.warm = integer(node, "warm", ManifestBounds.warm) ?? settings.warm
        }
        if let node = fields["concurrency-per-instance"] {
            settings.concurrency =
                integer(node, "concurrency-per-instance", ManifestBounds.instanceConcurrency) ?? 1
        }
        if let node = fields["idle-time"] {
            settings.idleTime = duration(node, "idle-time", ManifestBounds.idleTime) ?? settings.idleTime
        }
        if let node = fields["max-invocations"] {
            settings.invocations = integer(node, "max-invocations", ManifestBounds.maximumInvocations)
        }
        if let node = fields["max-age"] {
            settings.age = duration(node, "max-age", ManifestBounds.maximumAge)
        }
        return settings
    }

    /// The keys of `limits` that are kept around a process.
    mutating func allowance(_ fields: ManifestFields) -> ProcessAllowance {
        var allowance = ProcessAllowance()
        if let node = fields["memory"] { allowance.memory = size(node, "memory", ManifestBounds.memory) }
        if let node = fields["cpu"] { allowance.cpu = duration(node, "cpu", ManifestBounds.cpu) }
        if let node = fields["files"] {
            allowance.files = integer(node, "files", ManifestBounds.files) ?? allowance.files
        }
        if let node = fields["processes"] {
            allowance.processes = integer(node, "processes", ManifestBounds.processes) ?? allowance.processes
        }
        if let node = fields["output"] {
            allowance.output = size(node, "output", ManifestBounds.output) ?? allowance.output
        }
        if let node = fields["response"] {
            allowance.response = size(node, "response", ManifestBounds.response) ?? allowance.response
        }
        if let node = fields["temporary"] {
            allowance.temporary = size(node, "temporary", ManifestBounds.temporary) ?? allowance.temporary
        }
        return allowance
    }
}
