import CLinux
import FoundationEssentials
import Glibc
import Testing

@testable import LocalHost

/// Descriptors are counted here, and so no other test of this suite may run meanwhile; those of other suites open and
/// close theirs all the time, for which reason only those of the right kind are looked for.
@Suite(.serialized) struct WorkerLinkTests {
    /// Workers with real sockets, which are closed at the end.
    final class Workers {
        let links: [WorkerLink]
        let outboxes: [Int32]
        private let inboxes: [Int32]

        init(_ count: Int) {
            let pairs = (0..<count).map { _ in
                var ends: [Int32] = [-1, -1]
                let code = unsafe clinux_datagram_pair(&ends)
                #expect(code == 0)
                return ends
            }
            inboxes = pairs.map { $0[0] }
            let outboxes = pairs.map { $0[1] }
            self.outboxes = outboxes
            links = pairs.indices.compactMap { index in
                WorkerLink(
                    WorkerPlace(
                        index: index, start: 1, parent: 1, listener: -1, ready: -1,
                        link: WorkerPlace.Link(inbox: pairs[index][0], outboxes: outboxes)))
            }
        }

        deinit { for descriptor in inboxes + outboxes { close(descriptor) } }
    }

    /// Both ends of a stream, as an accepted connection and its peer.
    final class Stream {
        private(set) var ours: Int32
        let theirs: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let code = unsafe socketpair(AF_UNIX, kind, 0, &ends)
            #expect(code == 0)
            (ours, theirs) = (ends[0], ends[1])
        }

        deinit {
            closeOurs()
            close(theirs)
        }

        func closeOurs() {
            if ours >= 0 { close(ours) }
            ours = -1
        }

        /// Whether nobody holds the other end of `theirs` any more.
        var hasEnded: Bool {
            var byte: UInt8 = 0
            return unsafe recv(theirs, &byte, 1, Int32(MSG_DONTWAIT)) == 0
        }
    }

    static func say(_ text: String, on descriptor: Int32) {
        let bytes = Array(text.utf8)
        let sent = unsafe send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #expect(sent == bytes.count)
    }

    static func hear(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func connection_arrives_withItsAddressAndBytes() throws {
        let workers = Workers(3)
        let stream = Stream()
        #expect(workers.links[0].count == 3 && workers.links[2].index == 2)
        #expect(workers.links[0].hand(stream.ours, peer: "2001:db8::1", bytes: Array("GET /".utf8), to: 2))
        stream.closeOurs()
        #expect(workers.links[0].receive() == nil && workers.links[1].receive() == nil)
        let handed = try #require(workers.links[2].receive())
        #expect(handed.address == "2001:db8::1")
        #expect(String(decoding: handed.bytes, as: UTF8.self) == "GET /")
        #expect(fcntl(handed.descriptor, F_GETFD) == FD_CLOEXEC)
        Self.say("over there", on: handed.descriptor)
        #expect(Self.hear(stream.theirs) == "over there")
        Self.say("and back", on: stream.theirs)
        #expect(Self.hear(handed.descriptor) == "and back")
        #expect(!stream.hasEnded)
        close(handed.descriptor)
        #expect(stream.hasEnded)
        #expect(workers.links[2].receive() == nil)
    }

    @Test func manyConnections_arriveInOrder_fromSeveralWorkers() throws {
        let workers = Workers(2)
        for round in 0..<20 {
            let streams = (0..<50).map { _ in Stream() }
            for (number, stream) in streams.enumerated() {
                let bytes = Array("\(round):\(number)".utf8)
                #expect(workers.links[number % 2].hand(stream.ours, peer: "\(number)", bytes: bytes, to: 1))
                stream.closeOurs()
            }
            for (number, stream) in streams.enumerated() {
                let handed = try #require(workers.links[1].receive())
                #expect(handed.address == "\(number)")
                #expect(String(decoding: handed.bytes, as: UTF8.self) == "\(round):\(number)")
                Self.say("\(number)", on: handed.descriptor)
                #expect(Self.hear(stream.theirs) == "\(number)")
                close(handed.descriptor)
                #expect(stream.hasEnded)
            }
            #expect(workers.links[1].receive() == nil)
        }
    }

    @Test func messageAtTheLimit_arrives_oneBeyondIsRefused() throws {
        let workers = Workers(2)
        let stream = Stream()
        let address = String(repeating: "a", count: 255)
        let most = HostLimits.workerMessageBytes - 2 - 255
        let bytes = (0..<most).map { UInt8(truncatingIfNeeded: $0) }
        #expect(!workers.links[0].hand(stream.ours, peer: address, bytes: bytes + [0], to: 1))
        #expect(!workers.links[0].hand(stream.ours, peer: address + "a", bytes: [], to: 1))
        #expect(workers.links[1].receive() == nil)
        #expect(workers.links[0].hand(stream.ours, peer: address, bytes: bytes, to: 1))
        let handed = try #require(workers.links[1].receive())
        // Expectations describe what they compare: that takes long with so much.
        let isWhole = handed.address == address && handed.bytes == bytes
        #expect(isWhole)
        close(handed.descriptor)
    }

    @Test func unknownWorker_andUnusableDescriptor_areRefused() {
        let workers = Workers(2)
        let stream = Stream()
        for worker in [-1, 2, .max, .min] {
            #expect(!workers.links[0].hand(stream.ours, peer: "a", bytes: [], to: worker))
        }
        #expect(!workers.links[0].hand(-1, peer: "a", bytes: [], to: 1))
        #expect(workers.links[1].receive() == nil)
    }

    @Test func fullInbox_refusesWithoutWaiting_andTakesMoreOnceItIsRead() throws {
        let workers = Workers(2)
        let stream = Stream()
        let bytes = [UInt8](repeating: 7, count: 100_000)
        var waiting = 0
        while workers.links[0].hand(stream.ours, peer: "a", bytes: bytes, to: 1), waiting < 1_000 {
            waiting += 1
        }
        #expect((1..<1_000).contains(waiting))
        stream.closeOurs()
        #expect(!stream.hasEnded)
        for _ in 0..<waiting { close(try #require(workers.links[1].receive()).descriptor) }
        #expect(workers.links[1].receive() == nil)
        #expect(stream.hasEnded)
        let next = Stream()
        #expect(workers.links[0].hand(next.ours, peer: "a", bytes: bytes, to: 1))
        close(try #require(workers.links[1].receive()).descriptor)
    }

    /// Sends whatever it is told, with as many descriptors as it is told.
    static func sendRaw(_ bytes: [UInt8], _ descriptors: [Int32], to outbox: Int32) {
        var bytes = bytes
        // cmsghdr: its length, level and type (SCM_RIGHTS), then the descriptors.
        let length = 16 + 4 * descriptors.count
        let numbers = [Int32(length), 0, Int32(SOL_SOCKET), 1] + descriptors
        var control = numbers.flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
        let count = bytes.count
        unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe control.withUnsafeMutableBytes { control in
                var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: count)
                unsafe withUnsafeMutablePointer(to: &part) { part in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = part
                    unsafe message.msg_iovlen = 1
                    if !descriptors.isEmpty {
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = length
                    }
                    let sent = unsafe sendmsg(outbox, &message, 0)
                    #expect(sent == count)
                }
            }
        }
    }

    @Test(
        arguments: [
            ([], 0), ([], 1), ([1], 1), ([1, 5, 65], 1), ([2, 0], 1), ([1, 0, 65], 0), ([1, 0, 65], 2),
            ([1, 0], 8),
            ([1, 0], 9), ([1, 0], 100),
        ] as [([UInt8], Int)])
    func garbage_isDropped_andItsDescriptorsAreClosed(bytes: [UInt8], descriptors: Int) throws {
        try drops(bytes, descriptors)
    }

    @Test func messageBeyondTheLimit_isDropped() throws {
        try drops([UInt8](repeating: 1, count: HostLimits.workerMessageBytes + 1), 1)
    }

    private func drops(_ bytes: [UInt8], _ descriptors: Int) throws {
        let workers = Workers(2)
        let garbage = Stream()
        Self.sendRaw(bytes, Array(repeating: garbage.ours, count: descriptors), to: workers.outboxes[1])
        garbage.closeOurs()
        let stream = Stream()
        #expect(workers.links[0].hand(stream.ours, peer: "a", bytes: [9], to: 1))
        let handed = try #require(workers.links[1].receive())
        #expect(handed.bytes == [9])
        close(handed.descriptor)
        #expect(garbage.hasEnded)
        #expect(workers.links[1].receive() == nil)
    }

    @Test func descriptorThatIsNoStream_isDropped() {
        let workers = Workers(2)
        var pipe: [Int32] = [-1, -1]
        let code = unsafe clinux_pipe(&pipe)
        #expect(code == 0)
        #expect(workers.links[0].hand(pipe[1], peer: "a", bytes: [], to: 1))
        close(pipe[1])
        #expect(workers.links[1].receive() == nil)
        var byte: UInt8 = 0
        let count = unsafe read(pipe[0], &byte, 1)
        #expect(count == 0)
        close(pipe[0])
    }

    /// The descriptors of these workers' own sockets: `socket:[INODE]` in /proc/self/fd names them.
    static func copies(of descriptor: Int32) throws -> Int {
        let folder = "/proc/self/fd/"
        let files = FileManager.default
        let name = try files.destinationOfSymbolicLink(atPath: folder + "\(descriptor)")
        return try files.contentsOfDirectory(atPath: folder).count {
            (try? files.destinationOfSymbolicLink(atPath: folder + $0)) == name
        }
    }

    @Test func descriptors_areNotLeaked() throws {
        let workers = Workers(2)
        let stream = Stream()
        for number in 0..<500 {
            #expect(workers.links[0].hand(stream.ours, peer: "a", bytes: [1], to: 1))
            if number % 3 == 0 {
                Self.sendRaw([2], Array(repeating: stream.ours, count: number % 12), to: workers.outboxes[1])
            }
            let handed = try #require(workers.links[1].receive())
            #expect(try Self.copies(of: stream.ours) == 2)
            close(handed.descriptor)
            #expect(workers.links[1].receive() == nil)
        }
        #expect(try Self.copies(of: stream.ours) == 1)
    }
}
