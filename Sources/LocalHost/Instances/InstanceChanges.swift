internal import Base
internal import FoundationEssentials
internal import Runtime

/// Sees when a function's program, or what the manifest says of the function, has changed.
final class InstanceChanges {
    private let core: HostCore
    private let programs: InstancePrograms
    /// What each program looked like when it was last looked at.
    private var marks: [String: [FileMark]] = [:]

    private struct FileMark: Equatable {
        let path: String
        let size: Int
        let changed: Date
    }

    init(_ core: HostCore, _ programs: InstancePrograms) {
        self.core = core
        self.programs = programs
    }

    func begin(_ entries: [FunctionEntry]) { for entry in entries { marks[entry.name] = mark(of: entry) } }

    /// The entries, as they are now, of functions that must be started anew.
    func changed(_ entries: [FunctionEntry]) -> [FunctionEntry] {
        var entries = entries
        var renewed: Set<String> = []
        do {
            if let manifest = try programs.changedManifest() {
                for index in entries.indices {
                    guard let entry = manifest.function(named: entries[index].name),
                        entry.isolation == .process
                    else { continue }
                    entries[index] = entry
                    renewed.insert(entry.name)
                }
                tell(manifest)
            }
        } catch {
            core.log.write(
                .error, "The manifest has changed and cannot be used: what was read before goes on",
                [("error", .string("\(error)"))], at: core.wallClock)
        }
        return entries.filter { entry in
            let now = mark(of: entry)
            let isChanged = marks.updateValue(now, forKey: entry.name) != now
            return isChanged || renewed.contains(entry.name)
        }
    }

    /// What the host itself does as it read it at its start.
    private func tell(_ manifest: Manifest) {
        func hosts(_ manifest: Manifest) -> Manifest {
            var manifest = manifest
            manifest.functions = manifest.functions.map { entry in
                guard entry.isolation == .process else { return entry }
                return FunctionEntry(name: entry.name, handler: entry.handler, triggers: entry.triggers)
            }
            for index in manifest.functions.indices { manifest.functions[index].line = 0 }
            return manifest
        }
        var before = core.engine.manifest
        before.functions = before.functions.filter { entry in manifest.function(named: entry.name) != nil }
        let isAll = hosts(before).functions == hosts(manifest).functions && before.sockets == manifest.sockets
        core.log.write(
            isAll ? .info : .warning,
            isAll
                ? "The manifest has changed: processes take it up"
                : "The manifest has changed: processes take it up; the host's own part needs a restart",
            at: core.wallClock)
    }

    /// The program's file, and the files beside it where it is a script of a folder.
    private func mark(of entry: FunctionEntry) -> [FileMark] {
        guard let program = try? programs.program(entry), let path = program.arguments.first else {
            return []
        }
        var paths = [path]
        if entry.directory != nil,
            let names = try? FileManager.default.contentsOfDirectory(atPath: program.directory)
        {
            paths += names.sorted().prefix(core.limits.watchedFiles).filter {
                !$0.hasPrefix(".") && $0 != "__pycache__"
            }
            .map { program.directory + "/" + $0 }
        }
        return paths.compactMap { path in
            guard let facts = try? FileManager.default.attributesOfItem(atPath: path),
                let changed = facts[.modificationDate] as? Date
            else { return nil }
            return FileMark(path: path, size: (facts[.size] as? Int) ?? 0, changed: changed)
        }
    }
}
