import Base
import Glibc
import Runtime
import Synchronization
import Testing
import TestSupport

@Suite struct LogWriterTests {
    /// A pipe, and a thread of its own that reads it: the pool's threads may all be busy with other tests.
    private final class Pipe: Sendable {
        let writer: Int32
        private let reader: Int32
        private let text = Mutex<[UInt8]>([])
        private let bell: Bell
        private let begun: Bell
        private let thread = Mutex<SystemThread?>(nil)

        init() throws {
            var ends: [Int32] = [-1, -1]
            unsafe pipe(&ends)
            (reader, writer) = (ends[0], ends[1])
            (bell, begun) = (try Bell(), try Bell())
            let started = try SystemThread(named: "pipe-reader") { [self] in run() }
            thread.withLock { $0 = started }
        }

        /// Lets the reader begin; returns when it has read something, or there is nothing more to come.
        func read() {
            bell.ring()
            begun.wait()
        }

        /// Closes the writing end; what was read.
        func close() -> String {
            Glibc.close(writer)
            bell.ring()
            thread.withLock { $0 }?.join()
            Glibc.close(reader)
            return text.withLock { String(decoding: $0, as: UTF8.self) }
        }

        private func run() {
            bell.wait()
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = unsafe Glibc.read(reader, &buffer, buffer.count)
                begun.ring()
                if count <= 0 { return }
                text.withLock { $0 += buffer[..<count] }
            }
        }
    }

    @Test func allLinesArrive_inTheOrderOfEachWriter() async throws {
        let pipe = try Pipe()
        let writer = try LogWriter(descriptor: pipe.writer)
        await withTaskGroup { group in
            for task in 0..<4 {
                group.addTask { for line in 0..<2_000 { writer.write("\(task) \(line)\n") } }
            }
        }
        pipe.read()
        writer.close()
        writer.write("after the end\n")
        let lines = pipe.close().split(separator: "\n")
        #expect(lines.count == 8_000)
        for task in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(task) ") }
            #expect(own.map { String($0) } == (0..<2_000).map { "\(task) \($0)" })
        }
    }

    @Test func aStuckReader_holdsNobodyUp_andIsToldHowMuchIsMissing() throws {
        let pipe = try Pipe()
        let writer = try LogWriter(descriptor: pipe.writer, limit: 10_000)
        let line = String(repeating: "x", count: 999) + "\n"
        // More than the pipe (64 KiB), the writer's hands and the limit together can hold.
        for _ in 0..<1_000 { writer.write(line) }
        pipe.read()
        writer.close()
        let lines = pipe.close().split(separator: "\n")
        var (arrived, missing) = (0, 0)
        for text in lines {
            if text.hasPrefix("{\"level\":\"warning\",\"message\":\"Log lines dropped\",\"count\":") {
                missing += Int(text.dropLast().split(separator: ":").last ?? "") ?? 0
            } else {
                #expect(text.utf8.count == 999)
                arrived += 1
            }
        }
        #expect(missing > 0)
        #expect(arrived + missing == 1_000)
    }

    @Test func aReaderThatNeverReads_doesNotHoldUpTheEnd() throws {
        let pipe = try Pipe()
        let writer = try LogWriter(descriptor: pipe.writer)
        for _ in 0..<300 { writer.write(String(repeating: "x", count: 999) + "\n") }
        writer.close()
        // What fitted into the pipe is there.
        #expect(pipe.close().hasPrefix("xxx"))
    }

    @Test func aFile_getsEverything() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("log")
        let descriptor = unsafe open(path, O_RDWR | O_CREAT, 0o600)
        let writer = try LogWriter(descriptor: descriptor)
        for _ in 0..<500 { writer.write(String(repeating: "y", count: 999) + "\n") }
        writer.close()
        #expect(lseek(descriptor, 0, SEEK_END) == 500_000)
        Glibc.close(descriptor)
    }
}
