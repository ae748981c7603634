import Testing

@testable import LocalHost

@Suite struct WorkerPlaceTests {
    @Test(arguments: [1, 2, 64]) func text_isReadAgain(count: Int) {
        // One alone has nobody to send to.
        let link =
            count == 1 ? nil : WorkerPlace.Link(inbox: 5, outboxes: (0..<Int32(count)).map { $0 + 6 })
        let place = WorkerPlace(
            index: count - 1, start: 3, parent: 4_711, listener: 3, ready: 4, link: link)
        #expect(WorkerPlace(place.description) == place)
        #expect(place.count == count)
    }

    @Test(arguments: [
        "", ":", "0", "0:1:1:3", "0:1:1:3:4:5", "0:1:1:3:4:5:6", "x:1:1:3:4", "0:1:1:3:4:", "1:1:1:3:4",
        "-1:1:1:3:4", "0:0:1:3:4", "0:1:0:3:4", "0:1:-5:3:4", "0:1:1:2:4", "0:1:1:3:3",
        "x:1:1:3:4:5:6:7", "0:1:1:3:4:5:6:7:", "2:1:1:3:4:5:6:7", "-1:1:1:3:4:5:6:7", "0:1:1:2:4:5:6:7",
        "0:1:1:3:4:5:6:6", "0:1:1:3:4:-1:6:7", "0:1:1:3:4:5:6:99999999999999999999",
        "0:1:1:" + (3..<71).map { "\($0)" }.joined(separator: ":"), String(repeating: "7:", count: 600),
    ])
    func otherText_isNoPlace(text: String) {
        #expect(WorkerPlace(text) == nil)
    }
}
