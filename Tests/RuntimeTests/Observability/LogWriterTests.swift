import Glibc
import Runtime
import Synchronization
import TestSupport
import Testing

@Suite struct LogWriterTests {
    private struct Pipe: Sendable {
        let reader: Int32
        let writer: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            unsafe pipe(&ends)
            (reader, writer) = (ends[0], ends[1])
        }

        /// Reads until the writing end is closed.
        func readAll() -> String {
            var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
            while true {
                let count = unsafe read(reader, &buffer, buffer.count)
                if count <= 0 { break }
                bytes += buffer[..<count]
            }
            Glibc.close(reader)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func allLinesArrive_inTheOrderOfEachWriter() async throws {
        let pipe = Pipe()
        let writer = try LogWriter(descriptor: pipe.writer)
        let reading = Task.detached { pipe.readAll() }
        await withTaskGroup { group in
            for task in 0..<4 {
                group.addTask { for line in 0..<2_000 { writer.write("\(task) \(line)\n") } }
            }
        }
        writer.close()
        writer.write("after the end\n")
        Glibc.close(pipe.writer)
        let lines = await reading.value.split(separator: "\n")
        #expect(lines.count == 8_000)
        for task in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(task) ") }
            #expect(own.map { String($0) } == (0..<2_000).map { "\(task) \($0)" })
        }
    }

    @Test func aStuckReader_holdsNobodyUp_andIsToldHowMuchIsMissing() async throws {
        let pipe = Pipe()
        let writer = try LogWriter(descriptor: pipe.writer, limit: 10_000)
        let line = String(repeating: "x", count: 999) + "\n"
        // More than the pipe (64 KiB), the writer's hands and the limit together can hold.
        for _ in 0..<1_000 { writer.write(line) }
        let reading = Task.detached { pipe.readAll() }
        writer.close()
        Glibc.close(pipe.writer)
        let lines = await reading.value.split(separator: "\n")
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
        let pipe = Pipe()
        let writer = try LogWriter(descriptor: pipe.writer)
        for _ in 0..<300 { writer.write(String(repeating: "x", count: 999) + "\n") }
        writer.close()
        Glibc.close(pipe.writer)
        Glibc.close(pipe.reader)
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
