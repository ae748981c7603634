internal import Base
internal import FoundationEssentials
internal import LocalHost
internal import Runtime
internal import Synchronization

/// How processes of functions are started by this program: those of ours by their own executables beside this one, others
/// by what the manifest says.
struct FunctionPrograms: Sendable {
    private let manifestFile: String
    private let store: String
    private let environment: [String: String]
    private let settings: Settings
    /// The text of the manifest as it was last read.
    private let read: Changes

    init(_ program: Program, _ arguments: Arguments, _ workshop: Workshop) {
        manifestFile = Self.absolute(Workshop.manifestFile(arguments))
        store = workshop.manifest.store
        environment = program.environment
        settings = workshop.settings
        read = Changes(of: manifestFile)
    }

    /// What a host has from here. `tellsErrors` says whether callers are told why a function cannot start.
    func forHost(tellsErrors: Bool? = nil) -> InstancePrograms {
        let folder = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        return InstancePrograms(
            temporaryParent: folder, tellsErrors: tellsErrors ?? (settings.stage == .development),
            program: { try program(of: $0) },
            changedManifest: {
                guard read.isChanged(manifestFile) else { return nil }
                return try settings.ready(Manifest(contentsOf: manifestFile, environment: environment))
            })
    }

    /// What each variable is for that a process of ours needs beside those that the manifest names.
    private static let ownVariables = [
        "ENVIRONMENT", "SECRET_KEY", "DEBUG", "LOG_LEVEL", "TZ", "TZDIR", "PATH", "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    ]
    /// What any program may see.
    private static let plainVariables = ["LANG", "LC_ALL", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ"]

    private func program(of entry: FunctionEntry) throws -> InstanceProgram {
        guard entry.command.isEmpty else {
            var variables = environment.filter {
                Self.plainVariables.contains($0.key) || entry.environment.contains($0.key)
            }
            if variables["PATH"] == nil { variables["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
            return InstanceProgram(
                arguments: entry.command, environment: variables,
                directory: Self.absolute(entry.directory ?? "."))
        }
        let path = try Self.ownProgram(of: entry)
        let named = read.variables.union(Self.ownVariables + entry.environment)
        return InstanceProgram(
            arguments: [path, "--manifest", manifestFile, "--store", store],
            environment: environment.filter { named.contains($0.key) },
            directory: FileManager.default.currentDirectoryPath)
    }

    /// The executable of a function of ours: `PlayerAction` is `function-player-action`, beside this program.
    private static func ownProgram(of entry: FunctionEntry) throws -> String {
        let name = "function-" + FunctionSet.name(ofHandler: entry.handler)
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: SupervisorSpawn.thisProgram)
        let folder = own.map { $0.split(separator: "/").dropLast().joined(separator: "/") } ?? ""
        let path = "/" + folder + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ProgramError(
                description: "there is no program \(name) beside this one (script/build \(name) makes it)")
        }
        return path
    }

    /// What keeps the manifest's processes from being started here, one line a function.
    static func objections(to manifest: Manifest, file: String) -> [String] {
        manifest.functions.filter { $0.isolation == .process }.compactMap { entry in
            let place = "\(file):\(entry.line): function '\(entry.name)'"
            if let folder = entry.directory {
                var isFolder = false
                guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
                    return "\(place): there is no folder '\(folder)'"
                }
            }
            guard entry.command.isEmpty else { return nil }
            do { _ = try ownProgram(of: entry) } catch { return "\(place): \(error)" }
            return nil
        }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    private struct ProgramError: Error, CustomStringConvertible { let description: String }
}

/// Sees when a file has changed, and which variables it names.
private final class Changes: Sendable {
    private struct State {
        var text: String
        var mark: Date?
        /// Found once a text: they are asked for each time that programs are looked at.
        var variables: Set<String>

        init(_ data: Data, _ mark: Date?) {
            text = String(decoding: data, as: UTF8.self)
            self.mark = mark
            variables = EnvironmentExpansion.names(in: text)
        }
    }
    private let state: Mutex<State>

    init(of path: String) {
        state = Mutex(State(FileManager.default.contents(atPath: path) ?? Data(), Self.mark(of: path)))
    }

    /// Whether its text is another than when that was last asked. A file that cannot be read is as it was.
    func isChanged(_ path: String) -> Bool {
        let mark = Self.mark(of: path)
        guard mark != state.withLock({ $0.mark }), let data = FileManager.default.contents(atPath: path)
        else {
            return false
        }
        let now = State(data, mark)
        return state.withLock { state in
            defer { state = now }
            return !state.text.utf8.elementsEqual(now.text.utf8)
        }
    }

    private static func mark(of path: String) -> Date? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }

    /// The variables that it expands.
    var variables: Set<String> { state.withLock { $0.variables } }
}
