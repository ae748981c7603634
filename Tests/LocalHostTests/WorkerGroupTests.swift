import Net
import Glibc
import Testing

@testable import LocalHost

@Suite struct WorkerGroupTests {
    /// Connections that wait on each worker's socket.
    static func waiting(_ group: WorkerGroup) throws -> [Int] {
        try (0..<group.count).map { worker in
            let listener = try Listener(inherited: group.place(of: worker).place.listener)
            var count = 0
            while let (descriptor, _) = try listener.accept() {
                close(descriptor)
                count += 1
            }
            return count
        }
    }

    @Test func connections_areSpreadOverAllWorkers() throws {
        let group = try WorkerGroup(count: 3, host: "127.0.0.1", port: 0)
        let clients = try (0..<200).map { _ in try Client(port: group.port) }
        let waiting = try Self.waiting(group)
        #expect(waiting.reduce(0, +) == clients.count)
        #expect(waiting.allSatisfy { $0 > 20 }, "\(waiting)")
    }

    @Test func portInUse_isRefused_alsoToAnotherGroup() throws {
        let group = try WorkerGroup(count: 2, host: "127.0.0.1", port: 0)
        let inUse = HostError.addressInUse(host: "127.0.0.1", port: group.port)
        #expect(throws: inUse) { try WorkerGroup(count: 2, host: "127.0.0.1", port: group.port) }
        #expect(throws: inUse) { try Listener(host: "127.0.0.1", port: group.port, backlog: 5) }
        let single = try Listener(host: "127.0.0.1", port: 0, backlog: 5)
        defer { close(single.descriptor) }
        #expect(throws: HostError.addressInUse(host: "127.0.0.1", port: single.port)) {
            try WorkerGroup(count: 2, host: "127.0.0.1", port: single.port)
        }
    }

    @Test func workerAlone_sharesNothing_andHasNoWayToOthers() throws {
        let group = try WorkerGroup(count: 1, host: "127.0.0.1", port: 0)
        let (place, descriptors) = try group.place(of: 0)
        #expect(place.link == nil && descriptors.count == 2 && WorkerLink(place) == nil)
        #expect(throws: HostError.addressInUse(host: "127.0.0.1", port: group.port)) {
            try Listener(host: "127.0.0.1", port: group.port, backlog: 5, joining: true)
        }
        let client = try Client(port: group.port)
        group.takeOut(0)
        #expect(try Self.waiting(group) == [1])
        withExtendedLifetime(client) {}
    }

    @Test func starts_areCounted() throws {
        let group = try WorkerGroup(count: 2, host: "127.0.0.1", port: 0)
        #expect(try (0..<3).map { _ in try group.place(of: 1).place.start } == [1, 2, 3])
        #expect(try group.place(of: 0).place.start == 1)
    }

    @Test func socketThatWasPassed_isOneForAll() throws {
        let listener = try Listener(host: "127.0.0.1", port: 0, backlog: 5)
        let group = try WorkerGroup(count: 3, passed: PassedSocket(listener))
        #expect(group.host == "127.0.0.1" && group.port == listener.port)
        let places = try (0..<3).map { try group.place(of: $0).place }
        #expect(places.map(\.listener) == Array(repeating: listener.descriptor, count: 3))
        group.takeOut(1)
        let client = try Client(port: group.port)
        #expect(try Self.waiting(group) == [1, 0, 0])
        group.stopListening()
        #expect(throws: ClientError.self) { try Client(port: group.port) }
        withExtendedLifetime(client) {}
    }

    @Test func badAddress_isRefused() {
        #expect(throws: HostError.self) { try WorkerGroup(count: 2, host: "192.0.2.1", port: 0) }
    }

    @Test func workerThatIsTakenOut_getsNoConnections_untilItsPlaceIsAskedFor() throws {
        let group = try WorkerGroup(count: 2, host: "127.0.0.1", port: 0)
        group.takeOut(0)
        group.takeOut(0)
        // The last one holds the port.
        group.takeOut(1)
        let inUse = HostError.addressInUse(host: "127.0.0.1", port: group.port)
        #expect(throws: inUse) { try Listener(host: "127.0.0.1", port: group.port, backlog: 5) }
        let clients = try (0..<20).map { _ in try Client(port: group.port) }
        #expect(try Self.waiting(group) == [0, clients.count])
        let more = try (0..<200).map { _ in try Client(port: group.port) }
        let waiting = try Self.waiting(group)
        #expect(waiting.reduce(0, +) == more.count && waiting.allSatisfy { $0 > 20 }, "\(waiting)")
    }

    @Test func group_listensNoMore_whenItIsToldSo() throws {
        let group = try WorkerGroup(count: 2, host: "127.0.0.1", port: 0)
        group.stopListening()
        #expect(throws: ClientError.self) { try Client(port: group.port) }
    }

    @Test func workers_areHeardOnce() throws {
        let group = try WorkerGroup(count: 3, host: "127.0.0.1", port: 0)
        #expect(group.announced() == [])
        try group.place(of: 2).place.announce()
        try group.place(of: 0).place.announce()
        #expect(group.announced() == [2, 0])
        #expect(group.announced() == [])
    }

    @Test func places_leadToEachOther() throws {
        let group = try WorkerGroup(count: 3, host: "127.0.0.1", port: 0)
        let links = try (0..<3).map { try #require(WorkerLink(try group.place(of: $0).place)) }
        let client = try Client(port: group.port)
        for sender in links {
            for receiver in links {
                let bytes = Array("\(sender.index)".utf8)
                #expect(sender.hand(client.descriptor, peer: "a", bytes: bytes, to: receiver.index))
                let handed = try #require(receiver.receive())
                close(handed.descriptor)
                #expect(handed.bytes == bytes)
            }
        }
    }
}
