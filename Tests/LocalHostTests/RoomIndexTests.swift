import Testing

@testable import LocalHost

@Suite struct RoomIndexTests {
    @Test func sockets_areThoseOfAnyRoom_withoutThoseOfExcept_eachOnce() {
        var index = RoomIndex()
        for (room, socket) in [("a", 1), ("a", 2), ("b", 2), ("b", 3), ("c", 3)] as [(String, UInt64)] {
            index.join(room, socket)
            index.join(room, socket)
        }
        #expect(index.sockets(in: ["a", "b"], except: []) == [1, 2, 3])
        #expect(index.sockets(in: ["a", "b"], except: ["c"]) == [1, 2])
        #expect(index.sockets(in: ["a"], except: ["a"]).isEmpty)
        #expect(index.sockets(in: [], except: []).isEmpty)
        #expect(index.sockets(in: ["unknown"], except: ["unknown"]).isEmpty)
    }

    @Test func leaving_isForThatRoomOnly_andRemovingForAll() {
        var index = RoomIndex()
        for room in ["a", "b"] {
            index.join(room, 1)
            index.join(room, 2)
        }
        index.leave("a", 1)
        index.leave("a", 1)
        index.leave("unknown", 7)
        #expect(index.sockets(in: ["a"], except: []) == [2])
        #expect(index.sockets(in: ["b"], except: []) == [1, 2])
        index.remove(2)
        index.remove(2)
        #expect(index.sockets(in: ["a"], except: []).isEmpty)
        #expect(index.sockets(in: ["b"], except: []) == [1])
    }
}
