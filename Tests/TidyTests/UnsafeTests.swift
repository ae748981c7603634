import Testing

/// `unsafe` and `@unchecked Sendable` stand in listed files, each for its reason.
@Suite struct UnsafeTests {
    static let reasons: [String: String] = [
        "Sources/Store/SQLite/Database.swift": "SQLite's C interface",
        "Sources/Store/SQLite/Disk.swift": "open takes a C string",
        "Sources/Store/SQLite/Statement.swift": "SQLite's C interface",
        "Sources/Store/SQLite/Snapshot.swift": "open takes a C string",
        "Sources/Store/SQLite/StoreFiles.swift": "stat, readlink, mkdir and open take C strings and pointers",
        "Sources/Store/SQLite/BackupFile.swift": "open, rename and unlink take C strings",
        "Sources/Base/SystemError.swift": "strerror returns a C string",
        "Sources/Base/Bell.swift": "eventfd and poll fill variables by pointer",
        "Sources/Base/SystemThread.swift": "pthread_create takes a pointer to what it runs",
        "Sources/Store/SQLite/Writer.swift": "hands the one transaction to the writer's thread",
        "Sources/Runtime/Identity/Cryptography.swift": "libcrypto's C interface",
        "Sources/Runtime/Manifest/YAMLReader.swift": "libyaml's C interface",
        "Sources/Runtime/Recording/Bytes+Search.swift": "memmem takes pointers",
        "Sources/Runtime/Functions/OutsideText.swift": "cancels the task that it runs in, within the call",
        "Sources/Runtime/Recording/Redaction.swift": "looks at every byte of a recording, within its bounds",
        "Sources/Runtime/Recording/RecordingWriter.swift": "hands the one file to the recorder's thread",
        "Sources/Runtime/Recording/RecordingMark.swift": "open, read, write, stat and unlink take pointers",
        "Sources/Runtime/Recording/RecordingFile.swift": "open and write take C strings and pointers",
        "Sources/Runtime/Observability/LogWriter.swift": "writes to a descriptor",
        "Sources/Runtime/Manifest/DevelopmentKey.swift":
            "open, write, link and unlink take C strings and pointers",
        "Sources/Wire/ByteQueue.swift": "appends from a read buffer; looks for a line feed within its bounds",
        "Sources/Base/Bytes.swift":
            "appends a text's own bytes, looks at every byte of a span, writes a text in its place",
        "Sources/Wire/HTTP/HTTPRequestParser.swift": "appends from a read buffer",
        "Sources/Wire/WebSocket/WebSocketCompression.swift": "zlib's C interface",
        "Sources/Wire/WebSocket/WebSocketDecoder.swift": "appends from a read buffer",
        "Sources/Wire/WebSocket/WebSocketMask.swift":
            "masks eight octets at a time, inside the buffer's bounds",
        "Sources/LocalHost/Net/EventLoop.swift":
            "epoll; runs the executor's jobs, and carries what stays on its thread",
        "Sources/LocalHost/Host/Host.swift": "names the loop as the actor's executor",
        "Sources/LocalHost/Transport/Transport.swift": "recv fills a buffer by pointer",
        "Sources/LocalHost/Transport/Output.swift": "send takes a pointer",
        "Sources/LocalHost/Triggers/HTTP/HTTPConnection.swift": "appends from a read buffer",
        "Sources/LocalHost/Triggers/Sockets/WebSocketChannel.swift": "appends from a read buffer",
        "Sources/LocalHost/Workers/WorkerGroup.swift": "pipes and socket pairs fill arrays by pointer",
        "Sources/LocalHost/Workers/WorkerLink.swift":
            "descriptors over sockets: recvmsg fills a buffer by pointer",
        "Sources/LocalHost/Workers/WorkerPlace.swift": "unsetenv, prctl and write take pointers",
        "Sources/LocalHost/Workers/PassedSocket.swift": "getsockopt fills a variable by pointer",
        "Sources/LocalHost/Workers/ServiceManager.swift": "a datagram is sent by pointer",
        "Sources/LocalHost/Net/Client/ClientConnection.swift": "connect, recv and send take pointers",
        "Sources/LocalHost/Net/Client/HostResolver.swift": "getaddrinfo fills a list by pointer",
        "Sources/LocalHost/Net/Client/Patience.swift": "poll fills an array by pointer",
        "Sources/LocalHost/Net/Client/TLS.swift": "libssl's C interface",
        "Sources/LocalHost/Confinement/ControlGroup.swift": "open, mkdir and rmdir take C strings",
        "Sources/LocalHost/Confinement/ControlGroupPlace.swift": "access, mkdir and getxattr take C strings",
        "Sources/LocalHost/Confinement/Instances.swift": "wait4 fills variables by pointer",
        "Sources/LocalHost/Confinement/ProcFile.swift": "open and read take pointers",
        "Sources/LocalHost/Confinement/ProcessStarter.swift": "clone and execve take C strings and pointers",
        "Sources/LocalHost/Confinement/SignalName.swift": "strsignal returns a C string",
        "Sources/LocalHost/Confinement/TemporaryFolder.swift": "mkdtemp, openat and unlinkat take C strings",
        "Sources/Command/Alone/RuntimeAPISession.swift": "what the loop calls belongs to its thread",
        "Sources/LocalHost/Instances/InstanceHost.swift": "names the loop as the actor's executor",
        "Sources/LocalHost/Instances/InstanceOutputs.swift": "read fills a buffer by pointer",
        "Sources/LocalHost/Instances/RuntimeAPIConnection.swift": "appends from a read buffer",
        "Sources/LocalHost/Net/Listener.swift": "getaddrinfo, bind and accept take pointers",
        "Sources/Store/SQLite/SQLiteEngine.swift": "stat fills a struct by pointer",
        "Sources/Store/SQLite/StoreWatch.swift": "inotify fills a buffer by pointer",
        "Sources/Command/SupervisorSpawn.swift": "posix_spawn, waitpid, open, read and poll take pointers",
        "Sources/Command/Console.swift": "reads and writes descriptors",
    ]

    static func uses(_ file: SourceFile) -> [Int] {
        guard file.isSwift else { return [] }
        return file.code.filter { $0.text.mentions("unsafe") || $0.text.mentions("@unchecked") }.map(\.number)
    }

    static func findings(_ file: SourceFile) -> [String] {
        guard reasons[file.path] == nil, let line = uses(file).first else { return [] }
        return [
            "\(file.path):\(line): unsafe code outside the listed files: use Span or an array, or list the file in UnsafeTests.reasons with its reason"
        ]
    }

    @Test func unsafeCode_standsInListedFiles() {
        for finding in SourceTree.files(under: "Sources/").flatMap(Self.findings) {
            Issue.record("\(finding)")
        }
    }

    @Test func list_isStillNeeded() {
        for path in Self.reasons.keys.sorted() {
            let isUsed = SourceTree.file(path).map { !Self.uses($0).isEmpty } ?? false
            #expect(isUsed, "\(path) has no unsafe code any more: take it out of UnsafeTests.reasons")
        }
    }

    @Test(arguments: [
        "let a = unsafe b()", "final class A: @unchecked Sendable {}", "nonisolated(unsafe) let a = 1",
    ])
    func canary_unsafeCode_isFound(text: String) {
        #expect(Self.findings(SourceFile(path: "Sources/Runtime/A.swift", text: text)).count == 1)
        #expect(Self.findings(SourceFile(path: "Sources/Runtime/A.swift", text: "// " + text)).isEmpty)
    }
}
