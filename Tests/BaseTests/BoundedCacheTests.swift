import Testing

@testable import Base

@Suite struct BoundedCacheTests {
    @Test func whatIsKept_isThere_untilItIsForgotten() {
        var cache = BoundedCache<String, Int?>(capacity: 4)
        cache.keep(1, for: "a")
        cache.keep(nil, for: "b")
        #expect(cache["a"] == .some(1) && cache["b"] == .some(nil) && cache["c"] == nil)
        cache.forget("a")
        #expect(cache["a"] == nil && cache.count == 1)
        cache.forgetAll()
        #expect(cache.count == 0)
    }

    @Test func aFullOne_startsAnew() {
        var cache = BoundedCache<Int, Int>(capacity: 3)
        for number in 1...4 { cache.keep(number, for: number) }
        #expect(cache.count == 1 && cache[4] == 4)
    }
}
