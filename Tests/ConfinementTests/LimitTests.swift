import Confinement
import Glibc
import TestSupport
import Testing

/// Each limit, with processes that go over it.
@Suite(.serialized) struct LimitTests {
    @Test func memoryBomb_isKilled_withLimitAndPeak() throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import select, time
                kept = []
                while True:
                    kept.append(bytearray(b"x") * (4 << 20)); select.select([], [], [], 0.002)
                """
        ) {
            $0.memory = 64 << 20
            $0.processes = 1
        }
        watched.watch.add(confined.process)
        let ending = try confined.end()
        guard case .memory(let limit, let peak) = ending.breach else {
            Issue.record("\(ending) \(confined.text(\.errors))")
            return
        }
        #expect(limit == 64 << 20 && peak > limit)
        #expect(ending.words.hasSuffix("of memory, more than its 64 MB"))
        Wait.until("the watch has told") {
            watched.breaches(confined.process.pid) == [.memory(limit: limit, peak: peak)]
        }
    }

    @Test func memoryOfChildren_countsToo() throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import os, signal
                for i in range(4):
                    if os.fork() == 0:
                        if i % 2: os.setsid()
                        kept = bytearray(b"x") * (40 << 20); signal.pause()
                signal.pause()
                """
        ) { $0.memory = 100 << 20 }
        watched.watch.add(confined.process)
        let ending = try confined.end()
        guard case .memory(let limit, let peak) = ending.breach else {
            Issue.record("\(ending)")
            return
        }
        #expect(limit == 100 << 20 && peak > limit)
    }

    @Test func allocationInOneStep_isRefused_farAboveTheLimit() throws {
        let confined = try Confined(
            python: "try:\n  x = bytearray(1 << 30)\nexcept MemoryError: print('refused')"
        ) { $0.memory = 64 << 20 }
        try confined.end()
        #expect(confined.text() == "refused\n")
    }

    @Test func spinning_isKilled() throws {
        let watched = try Watched()
        let confined = try Confined(shell: "while :; do :; done") { $0.cpu = .milliseconds(300) }
        confined.process.beginInvocation()
        watched.watch.add(confined.process)
        let ending = try confined.end()
        #expect(ending.breach == .cpu(limit: .milliseconds(300)))
        #expect(ending.cpu >= .milliseconds(250))
        #expect(ending.words == "used more than its 300 ms of CPU time")
    }

    @Test func cpuTime_isCountedAnewForEachInvocation() throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import select, time
                while True:
                    start = time.process_time()
                    while time.process_time() - start < 0.2: pass
                    print("done", flush=True)
                    select.select([], [], [], 0.2)
                """
        ) {
            $0.cpu = .milliseconds(900)
            $0.processes = 1
        }
        watched.watch.add(confined.process)
        for turn in 1...8 {
            confined.process.beginInvocation()
            Wait.until("turn \(turn)") { confined.text().split(separator: "\n").count >= turn }
            confined.process.endInvocation()
        }
        #expect(confined.process.breach == nil)
        let usage = try #require(confined.process.usage())
        #expect(usage.cpu > .milliseconds(1_200))
        #expect(usage.peakMemory > 1 << 20)
        confined.process.kill()
        try confined.end()
    }

    @Test func oneProcess_startsNoOther_andThreads() throws {
        let confined = try Confined(
            python: """
                import os, subprocess, threading
                for start in (os.fork, lambda: subprocess.run(["/bin/true"]), lambda: os.posix_spawn("/bin/true", ["true"], {})):
                    try: start(); print("started")
                    except OSError as error: print(error.strerror)
                thread = threading.Thread(target=lambda: print("thread")); thread.start(); thread.join()
                """
        ) { $0.processes = 1 }
        #expect(try confined.end().cause == .exited(0))
        #expect(confined.text() == String(repeating: "Operation not permitted\n", count: 3) + "thread\n")
    }

    @Test func moreProcesses_areKilled_all() throws {
        let watched = try Watched()
        let confined = try Confined(shell: "for i in 1 2 3 4 5 6; do sleep 1002 & done; wait") {
            $0.processes = 4
        }
        watched.watch.add(confined.process)
        #expect(try confined.end().breach == .processes(limit: 4))
        Wait.until("none is left") { Processes.withArgument("1002").isEmpty }
    }

    @Test(arguments: ["", "os.setsid();"])
    func forkBomb_isDead_andGone(escape: String) throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import os, signal
                # bomb\(escape.count)
                for i in range(10):  # 1,024 at most, should nobody kill them
                    try:
                        if os.fork() == 0: \(escape) pass
                    except OSError: pass
                signal.pause()
                """
        ) { $0.processes = 8 }
        watched.watch.add(confined.process)
        #expect(try confined.end().breach == .processes(limit: 8))
        Wait.until("none is left") { Processes.withArgument("# bomb\(escape.count)").isEmpty }
        Wait.until("nobody is left unwaited for") { Processes.zombies.isEmpty }
    }

    @Test func threads_haveALimit() throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import threading, signal
                for i in range(40): threading.Thread(target=lambda: signal.pause()).start()
                """
        ) {
            $0.threads = 20
            $0.processes = 1
        }
        watched.watch.add(confined.process)
        #expect(try confined.end().breach == .threads(limit: 20))
    }

    @Test func openFiles_haveALimit() throws {
        let confined = try Confined(
            python: """
                kept = []
                try:
                    while True: kept.append(open("/dev/null"))
                except OSError as error: print(error.strerror, len(kept))
                """
        ) { $0.files = 40 }
        try confined.end()
        #expect(confined.text() == "Too many open files 36\n")
    }

    @Test func temporaryFolder_hasALimit() throws {
        let watched = try Watched()
        let confined = try Confined(
            shell: "for i in 1 2 3 4 5 6; do head -c 500000 /dev/zero > $TMPDIR/$i; done; sleep 1000"
        ) { $0.temporaryBytes = 1 << 20 }
        watched.watch.add(confined.process)
        #expect(try confined.end().breach == .temporary(limit: 1 << 20))
        Wait.until("the folder is gone") { Processes.names(confined.folder.path).isEmpty }
    }

    @Test func oneFile_hasALimit() throws {
        let confined = try Confined(
            python: """
                import os
                file = open(os.environ["TMPDIR"] + "/file", "wb", 0)
                try:
                    while True: file.write(bytes(100000))
                except OSError as error: print(error.strerror)
                """
        ) { $0.temporaryBytes = 1 << 20 }
        try confined.end()
        #expect(confined.text() == "File too large\n")
    }

    @Test func filesWithoutAName_countToo() throws {
        let watched = try Watched()
        let confined = try Confined(
            python: """
                import os, signal
                kept = [os.memfd_create("a") for _ in range(4)]
                for file in kept: os.write(file, bytes(600000))
                signal.pause()
                """
        ) { $0.temporaryBytes = 1 << 20 }
        watched.watch.add(confined.process)
        #expect(try confined.end().breach == .temporary(limit: 1 << 20))
    }

    @Test func withinItsLimits_itIsLeftAlone() throws {
        let watched = try Watched()
        let confined = try Confined(
            shell: """
                for i in 1 2 3 4 5 6 7 8 9; do
                    /usr/bin/python3 -c 'import subprocess; subprocess.run(["/bin/true"])'
                done
                """
        ) {
            $0.memory = 64 << 20
            $0.cpu = .seconds(60)
            $0.processes = 4
        }
        watched.watch.add(confined.process)
        let ending = try confined.end()
        #expect(ending.cause == .exited(0) && ending.breach == nil, "\(ending) \(confined.text(\.errors))")
    }
}
