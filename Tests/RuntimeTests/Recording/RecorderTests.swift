import Base
import FoundationEssentials
import Ledger
@testable import Engine
@testable import Functions
@testable import Manifest
@testable import Observability
@testable import Recording
import Runtime
import Testing
import TestSupport

@Suite struct RecorderTests {
    /// All files of a recording, by name.
    private func files(_ play: Play) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: play.folder) {
            files[name] = [UInt8](
                try #require(FileManager.default.contents(atPath: play.folder + "/" + name)))
        }
        return files
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func secretsAndAddresses_areInNoFile() async throws {
        let yaml = """
            version: 1
            store: ${PLACE}
            auth:
              - issuer: ${ISSUER:-gestaloka}
                audience: gestaloka
                algorithm: HS256
                key: \(TestRuntime.key)
            functions:
              open:
                handler: Deed
                auth: none
                environment: [SECRET_KEY, MAP_PASSWORD]
            """
        let environment = [
            "SECRET_KEY": "S3CRET-of-the-environment", "MAP_PASSWORD": "S3CRET-word", "PLACE": "var/x.db",
            "ISSUER": TestRuntime.key,
            "UNNAMED": "S3CRET-of-others",
        ]
        let rate = Limits(rate: [Rate(count: 5, window: .seconds(60))])
        let entries: [FunctionEntry] = [
            .deed(), .deed("open", .none, per: .address, environment: ["SECRET_KEY", "MAP_PASSWORD"], rate),
        ]
        let play = try await Play(entries, Deed(), redact: ["story"], yaml: yaml, environment: environment) {
            state in
            for address in ["192.0.2.77", "2001:db8::77", "2001:db8::/64"] {
                let rule = RateRule(key: "open/address:\(address)/60000", limit: 5, window: .seconds(60))
                let request = AdmissionRequest(
                    function: "open", now: TestRuntime.start, session: nil, rates: [rule], concurrency: 9)
                guard case .admitted(let ticket, _) = try await state.admit(request) else { continue }
                _ = try await state.commit(
                    UnitOfWork(), at: TestRuntime.start, ticket: ticket, completing: nil)
            }
        }
        let login = await play.invoke(
            play.event("login", "login", "player_9", as: nil, address: "192.0.2.78"), "open")
        let token = try #require(try JSON.decode([String: JSONValue].self, text: login.json)["token"]?.text)
        var event = play.event("token", "count", address: "192.0.2.79")
        event.credential = .token(token)
        await play.invoke(event)
        event.id = "in-data"
        event.data = Array(
            #"{"deed":"count","target":"1","story":"S3CRET-story","password":"S3CRET-pass"}"#.utf8)
        await play.invoke(event)
        event.id = "in-query"
        event.trigger = .http(method: "GET", path: "/socket.io/?token=\(token)")
        await play.invoke(event)
        event.id = "wrong"
        event.credential = .token(token + "S3CRET")
        await play.invoke(event)
        let recording = try play.recording()
        let signature = try #require(token.split(separator: ".").last)
        let files = try files(play)
        #expect(Set(files.keys) == ["recording.json", "functions.yaml", "store.db", "events.ndjson"])
        for (name, bytes) in files {
            let text = String(decoding: bytes, as: UTF8.self)
            for secret in ["S3CRET", TestRuntime.key, String(signature), "eyJ", "192.0.2.", "2001:db8"] {
                #expect(!text.contains(secret), "\(secret) in \(name)")
            }
        }
        #expect(recording.environment["PLACE"] == "var/x.db")
        #expect(recording.withheld.contains("SECRET_KEY"))
        #expect(recording.environment["ISSUER"] == RecordingFormat.withheld)
        #expect(recording.environment["UNNAMED"] == nil)
        #expect(recording.redacted == ["story"])
        let peers = recording.invocations.compactMap(\.event.address)
        #expect(peers.count == 5 && Set(peers).count == 2)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        // The recording's own manifest can be read, and runs.
        _ = try Replayer(
            recording, functions: FunctionSet(Deed()), stores: TestStore.engine, timers: play.timers,
            executor: globalConcurrentExecutor)
    }

    @Test func severalKeys_areWithheld() throws {
        let yaml = """
            version: 1
            auth:
              - issuer: gestaloka
                audience: gestaloka
                algorithm: HS256
                keys:
                  - { id: new, key: \(TestRuntime.key) }
                  - { id: old, key: "${OLD_ONE:-S3CRET-default}" }
                  - { id: older, key: "${OLDER_ONE}" }
            functions:
              deed:
                handler: Deed
                auth: none
            """
        let environment = ["OLDER_ONE": "S3CRET-older"]
        let directory = try TemporaryDirectory()
        let place = RecordingPlace(folder: directory.file("recording"))
        try place.make()
        try place.describe(
            RecordedManifest(
                Manifest(yaml: yaml, file: "x", environment: environment), yaml: Array(yaml.utf8),
                environment: environment, folder: place.folder), program: "test", redact: [], number: 0,
            at: TestRuntime.start)
        for name in [RecordingFormat.manifest, RecordingFormat.header] {
            let data = FileManager.default.contents(atPath: place.folder + "/" + name) ?? Data()
            let text = String(decoding: data, as: UTF8.self)
            for secret in ["S3CRET", TestRuntime.key] {
                #expect(!text.contains(secret), "\(secret) in \(name)")
            }
            #expect(name != RecordingFormat.header || text.contains(#""withheld":["OLDER_ONE"]"#))
        }
    }

    @Test func key_inASpellingOfItsOwn_isNoticed() async throws {
        let escaped = #""\x30"# + TestRuntime.key.dropFirst() + "\""
        let yaml = """
            version: 1
            auth:
              - issuer: gestaloka
                audience: gestaloka
                algorithm: HS256
                key: \(escaped)
            functions:
              deed:
                handler: Deed
                auth: none
            """
        #expect(
            try Manifest(yaml: yaml, file: "x", environment: [:]).auth.first?.signingKey == TestRuntime.key)
        let error = await #expect(throws: RecordingError.self) {
            try await Play([.deed()], Deed(), yaml: yaml)
        }
        #expect(error?.description.contains("a key stands in the manifest") == true)
    }

    @Test func addresses_areOthersInAnotherRecording() async throws {
        var seen: Set<String> = []
        for _ in 0..<3 {
            let play = try await Play([.deed("deed", .none)], Deed())
            await play.invoke(play.event("a", "count", as: nil, address: "192.0.2.1"))
            seen.insert(try #require(try play.recording().invocations.first?.event.address))
        }
        #expect(seen.count == 3)
    }

    @Test func everything_isForItsOwnerOnly() async throws {
        let play = try await Play([.deed()], Deed())
        await play.does("a", "count")
        _ = try play.recording()
        #expect(try mode(play.folder) == 0o700)
        for name in try files(play).keys { #expect(try mode(play.folder + "/" + name) == 0o600, "\(name)") }
    }

    @Test func folder_thatIsNotEmpty_isNotTouched() throws {
        let directory = try TemporaryDirectory()
        try TestStore(directory.file("s.db")).close()
        let lines = LogLines()
        func record(_ folder: String, of store: String = "s.db") throws {
            try Recorder(
                folder: folder, of: .file(directory.file(store)), manifest: Manifest(), yaml: [],
                environment: [:],
                program: "t",
                redact: [], log: Log(level: nil, format: .json, sink: lines), platform: Play.platform
            ).close()
        }
        let folder = directory.file("mine")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try Data("x".utf8).write(to: URL(filePath: folder + "/notes"))
        #expect(throws: RecordingError.self) { try record(folder) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["notes"])
        try FileManager.default.removeItem(atPath: folder + "/notes")
        try record(folder)
        #expect(try Recording(folder: folder).invocations.isEmpty)
        #expect(throws: RecordingError.self) { try record(folder) }
        #expect(throws: RecordingError.self) {
            try record(folder + "/notes/deep/recording.json/x", of: "none/none.db")
        }
        #expect(throws: RecordingError.self) { try record(directory.file("s.db") + "/x") }
    }

    @Test func emptyRecording_isOne() async throws {
        let play = try await Play([.deed()], Deed())
        let recording = try play.recording()
        #expect(recording.invocations.isEmpty)
        #expect(recording.remarks.isEmpty)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.invocations.isEmpty)
    }

    @Test func closing_twice_andWhatComesAfterwards_changeNothing() async throws {
        let play = try await Play([.deed()], Deed())
        await play.does("a", "count")
        play.recorder.close()
        await play.does("b", "count")
        play.recorder.close()
        #expect(try play.recording().invocations.map(\.event.id) == ["a"])
    }

    @Test func files_areFollowedByTheNext_andNoLineIsSplit() async throws {
        var limits = Recorder.Limits()
        limits.partBytes = 2_000
        let play = try await Play([.deed()], Deed(), limits: limits)
        // A portion is never split: what one client does comes in several of them.
        for index in 0..<60 { await play.does("r\(index)", "count") }
        let recording = try play.recording()
        #expect(recording.invocations.map(\.event.id) == (0..<60).map { "r\($0)" })
        #expect(recording.remarks.isEmpty)
        let parts = try files(play).filter { $0.key.hasPrefix("events") }
        #expect(parts.values.allSatisfy { $0.last == 0x0a })
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func files_areCutAtTheirLimit() throws {
        let directory = try TemporaryDirectory()
        var limits = Recorder.Limits()
        limits.partBytes = 100
        // Each with the line that says that another follows.
        limits.totalBytes = 7 * 91
        let file = try RecordingFile(
            folder: directory.path, limits: limits, uptime: Play.platform.uptime)
        let line = [UInt8](repeating: 0x78, count: 59) + [0x0a]
        for index in 0..<7 {
            guard case .written = file.append(line, lines: 1) else {
                Issue.record("line \(index)")
                return
            }
        }
        guard case .full = file.append(line, lines: 1), case .written = file.append(line, lines: 1) else {
            Issue.record("the limit")
            return
        }
        file.close()
        file.close()
        let sizes = try (1...8).map {
            try FileManager.default.attributesOfItem(atPath: directory.file(RecordingFormat.events($0)))[
                .size] as? Int
        }
        #expect(sizes.dropLast().allSatisfy { $0 == 91 })
        let last = FileManager.default.contents(atPath: directory.file("events-8.ndjson"))
        #expect(
            last.map { String(decoding: $0, as: UTF8.self) } == #"{"kind":"end","reason":"limit"}"# + "\n")
    }

    @Test func limit_endsTheRecording_andServingGoesOn() async throws {
        var limits = Recorder.Limits()
        limits.totalBytes = 900
        let play = try await Play([.deed()], Deed(), limits: limits)
        for index in 0..<20 { #expect(await play.does("r\(index)", "count").status == 200) }
        let recording = try play.recording()
        #expect(recording.invocations.count < 20)
        #expect(recording.remarks == ["the recording ended early: limit"])
        #expect(play.lines.all.contains { $0.contains("The recording has ended") })
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
    }

    @Test func whatDoesNotFit_isAGap_andServingGoesOn() async throws {
        var limits = Recorder.Limits()
        limits.waitingBytes = 0
        let play = try await Play([.deed()], Deed(), limits: limits)
        for index in 0..<5 { #expect(await play.does("r\(index)", "count").status == 200) }
        let recording = try play.recording()
        #expect(recording.invocations.isEmpty)
        #expect(
            recording.remarks == [
                "after invocation 0: 5 invocations are missing (the recording could not keep up)"
            ])
        #expect(play.lines.all.contains { $0.contains("The recording has a gap") })
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.invocations.isEmpty)
        #expect(result.remarks.count == 1)
    }

    @Test func underLoad_everyInvocationIsThere_orItsGapIs() async throws {
        var limits = Recorder.Limits()
        limits.waitingBytes = 3_000
        let play = try await Play([.deed()], Deed(), limits: limits)
        await withTaskGroup(of: Void.self) { group in
            for player in 0..<8 {
                group.addTask {
                    for index in 0..<40 { await play.does("\(player)-\(index)", "refuse", "\(player)") }
                }
            }
        }
        let recording = try play.recording()
        let text = try #require(try files(play)["events.ndjson"].map { String(decoding: $0, as: UTF8.self) })
        var missing: Int64 = 0
        for line in text.split(separator: "\n") where line.hasPrefix(#"{"kind":"gap""#) {
            missing += try RecordingMembers(String(line), "gap").number("count") ?? 0
        }
        #expect(Int64(recording.invocations.count) + missing == 320)
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.different.isEmpty, "\(result.account)")
        #expect(result.invocations.count + result.beyond == recording.invocations.count)
    }

    @Test func event_thatCannotBeWritten_isAGap() async throws {
        let play = try await Play([.deed("deed", .authenticated, Limits(body: 4 << 20))], Deed())
        var event = play.event("large", "count")
        event.id = ""
        await play.invoke(event)
        await play.does("a", "fail")
        let recording = try play.recording()
        #expect(recording.invocations.map(\.event.id) == ["a"])
        #expect(
            recording.remarks.first?.hasPrefix(
                "after invocation 0: 1 invocations are missing (the event cannot be written") == true)
    }

    @Test func diskThatRefuses_losesLines_andSaysHowMany() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("recording")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        var limits = Recorder.Limits()
        limits.partBytes = 10
        let file = try RecordingFile(folder: folder, limits: limits, uptime: Play.platform.uptime)
        func append(_ text: String, lines: Int64 = 1, areLast: Bool = false) -> String {
            switch file.append(Array((text + "\n").utf8), lines: lines, areLast: areLast) {
            case .written: "written"
            case .failed(let reason): "failed \(reason)"
            case .full: "full"
            }
        }
        #expect(append(RecordingFolder.line("a")) == "written")
        // Where the next file should be, there is no folder.
        try FileManager.default.moveItem(atPath: folder, toPath: folder + "-away")
        #expect(append(RecordingFolder.line("b")).hasPrefix("failed No such file"))
        #expect(
            append(RecordingFolder.line("c"), lines: 2) == "failed ", "told once, and not tried again at once"
        )
        try FileManager.default.moveItem(atPath: folder + "-away", toPath: folder)
        #expect(append(RecordingFolder.end, areLast: true) == "written")
        file.close()
        let text = FileManager.default.contents(atPath: folder + "/events-2.ndjson").map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(
            text == #"{"kind":"gap","count":3,"reason":"the disk did not take them"}"# + "\n"
                + RecordingFolder.end + "\n")
    }

    @Test func diskThatRefuses_doesNotStopServing() async throws {
        var limits = Recorder.Limits()
        limits.partBytes = 1
        let play = try await Play([.deed()], Deed(), limits: limits)
        try FileManager.default.moveItem(atPath: play.folder, toPath: play.folder + "-away")
        for index in 0..<200 { #expect(await play.does("r\(index)", "count").status == 200) }
        // Everything after the first portion is lost; where there was only that one, nothing is.
        play.recorder.close()
        try FileManager.default.moveItem(atPath: play.folder + "-away", toPath: play.folder)
        let count = String(
            decoding: FileManager.default.contents(atPath: play.folder + "/events.ndjson") ?? Data(),
            as: UTF8.self
        )
        .split(separator: "\n").count
        #expect(count >= 1 && count <= 200)
        let recording = try Recording(folder: play.folder)
        #expect(recording.remarks == ["the recording was cut off: it has no end"])
        let (result, _) = try await play.replay(recording, with: Deed())
        #expect(result.invocations.count == count)
        #expect(result.different.isEmpty, "\(result.account)")
    }
}
