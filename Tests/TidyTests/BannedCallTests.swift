import Testing

/// Calls that stand in one place, or nowhere.
@Suite struct BannedCallTests {
    struct Ban {
        let call: String
        /// Where it may stand.
        var except: Set<String> = []
        let instead: String
    }

    static let bans: [Ban] = [
        Ban(call: "Date()", instead: "take the time from the Context or the Platform"),
        Ban(call: "UUID()", instead: "take ids from the Context"),
        Ban(
            call: "SystemRandomNumberGenerator",
            instead: "take random numbers from the Context or the Platform"),
        // The one place of randomness, secret and other.
        Ban(
            call: "RAND_priv_bytes", except: ["Sources/Runtime/Identity/Cryptography.swift"],
            instead: "take a secretIdentifier from the Context or the Platform"),
        Ban(
            call: "RAND_bytes", except: ["Sources/Runtime/Identity/Cryptography.swift"],
            instead: "take random numbers from the Context or the Platform"),
        Ban(
            call: "Cryptography.secretBytes",
            except: [
                "Sources/Runtime/Identity/SystemPlatform.swift",
                // Keys.
                "Sources/Runtime/Manifest/DevelopmentKey.swift", "Sources/Runtime/Recording/Recorder.swift",
            ],
            instead: "take a secretIdentifier from the Context or the Platform"),
        Ban(
            call: "Cryptography.shownBytes", except: ["Sources/Runtime/Identity/SystemPlatform.swift"],
            instead: "take random numbers from the Context or the Platform"),
        Ban(
            call: "platform.secret", except: ["Sources/Runtime/Engine/LiveWorld.swift"],
            instead: "take a secretIdentifier from the Context or the Platform"),
        Ban(call: ".random(in:", instead: "take random numbers from the Context or a SeededRandom"),
        Ban(call: "Task.sleep", instead: "schedule on the injected Timers"),
        Ban(
            call: "clock_gettime",
            // The other one asks for a process's CPU time.
            except: ["Sources/System/CLinux/shim.h", "Sources/System/CLinux/process.h"],
            instead: "take the time from the Context or the Platform"),
        Ban(
            call: "clinux_realtime_nanoseconds",
            except: ["Sources/Runtime/Identity/SystemPlatform.swift", "Sources/System/CLinux/shim.h"],
            instead: "take the time from the Context or the Platform"),
        Ban(
            call: "clinux_monotonic_nanoseconds",
            except: ["Sources/Runtime/Identity/SystemPlatform.swift", "Sources/System/CLinux/shim.h"],
            instead: "take the time from the Context or the Platform"),
        // How long a thread waits for a descriptor, a lock or more work; never a time that anyone is told.
        Ban(
            call: "ContinuousClock",
            except: [
                "Sources/Handlers/StoryModels/Uptime.swift", "Sources/LocalHost/Net/EventLoop.swift",
                "Sources/LocalHost/Net/TimerQueue.swift",
                "Sources/Store/SQLite/Database.swift", "Sources/Store/SQLite/Writer.swift",
            ],
            instead: "take the uptime from the Platform"),
        // A closure with a capture list is of no actor (findings/swift-capture-list-isolation.sh): each await in it would go
        // through the loop's queue.
        Ban(call: "tasks.start { [", instead: "write self. in it, without a list of what it captures"),
        Ban(call: "createTask { [", instead: "write self. in it, without a list of what it captures"),
        Ban(call: "try!", instead: "throw, or make it impossible"),
        Ban(call: "as!", instead: "use as? or a type that makes it needless"),
        Ban(call: "fatalError(", instead: "throw for input, precondition for our own bugs"),
    ]

    static func findings(_ file: SourceFile) -> [String] {
        let bans = bans.filter { !$0.except.contains(file.path) }
        return file.code.flatMap { line in
            bans.filter { line.text.mentions($0.call) }.map {
                "\(file.path):\(line.number): \($0.call) may not stand here: \($0.instead)"
            }
        }
    }

    @Test func bannedCalls_standInTheirPlace_orNowhere() {
        for finding in SourceTree.files(under: "Sources/").flatMap(Self.findings) {
            Issue.record("\(finding)")
        }
    }

    /// Prefixes of ids that open a door: whoever knows one may speak for somebody.
    private static let doors = ["session", "socket", "engine", "host", "player", "w\\("]

    /// Lines that make such an id of numbers that can be computed from what is shown.
    static func openDoors(_ file: SourceFile) -> [Int] {
        file.code.filter { line in
            doors.contains { line.text.mentions("identifier(\"\($0)") }
        }.map(\.number)
    }

    @Test func idsThatOpenDoors_areNotOfSeededRandom() {
        for file in SourceTree.files(under: "Sources/") {
            for line in Self.openDoors(file) {
                Issue.record("\(file.path):\(line): this id opens a door: it needs a secretIdentifier")
            }
        }
    }

    @Test func canary_anIdThatOpensADoor_isFound() {
        for prefix in ["session", "player", "w\\(index)"] {
            let line = "let a = random.identifier(\"\(prefix)\", at: now)"
            let file = SourceFile(path: "Sources/Runtime/A.swift", text: line)
            #expect(Self.openDoors(file) == [1], "\(line)")
        }
        let safe = "let a = platform.secretIdentifier(\"session\"), b = context.identifier(\"action\")"
        #expect(Self.openDoors(SourceFile(path: "Sources/Runtime/A.swift", text: safe)).isEmpty)
    }

    @Test(arguments: bans.map(\.call))
    func canary_bannedCall_isFound(call: String) {
        let file = SourceFile(
            path: "Sources/Runtime/A.swift", text: "let a = \(call) // a\n/* \(call) */ // \(call)\n")
        #expect(Self.findings(file).count == 1)
        let longer = SourceFile(path: "Sources/Runtime/A.swift", text: "let a = some\(call)\n")
        #expect(Self.findings(longer).count == (call.hasPrefix(".") ? 1 : 0))
    }

    @Test func exceptions_areStillNeeded() {
        for ban in Self.bans {
            for path in ban.except {
                let isUsed = SourceTree.file(path)?.code.contains { $0.text.mentions(ban.call) } ?? false
                #expect(isUsed, "\(path) has no \(ban.call) any more: take it out of BannedCallTests.bans")
            }
        }
    }
}
