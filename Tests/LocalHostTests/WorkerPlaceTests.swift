import Testing

@testable import LocalHost

@Suite struct WorkerPlaceTests {
    @Test(arguments: [1, 2, 64]) func text_isReadAgain(count: Int) {
        let place = WorkerPlace(
            index: count - 1, parent: 4_711, listener: 3, ready: 4, inbox: 5,
            outboxes: (0..<Int32(count)).map { $0 + 6 })
        #expect(WorkerPlace(place.description) == place)
        #expect(place.count == count)
    }

    @Test(arguments: [
        "", ":", "0", "0:1:3:4:5", "x:1:3:4:5:6", "0:1:3:4:5:6:", "1:1:3:4:5:6", "-1:1:3:4:5:6",
        "0:0:3:4:5:6",
        "0:-5:3:4:5:6", "0:1:2:4:5:6", "0:1:3:4:5:5", "0:1:3:4:-1:6", "0:1:3:4:5:99999999999999999999",
        "0:1:" + (3..<71).map { "\($0)" }.joined(separator: ":"), String(repeating: "7:", count: 600),
    ])
    func otherText_isNoPlace(text: String) {
        #expect(WorkerPlace(text) == nil)
    }
}
