import Base
import Game
import Runtime
@testable import StoryModels
import Testing

@Suite struct BackOffTests {
    @Test func waits_grow_withChance_andEnd() {
        for seed in 0..<50 as Range<UInt64> {
            var backOff = BackOff(seed: seed)
            for (number, full) in [(1, 400), (2, 800), (3, 1_600)] {
                let wait = backOff.wait(after: number, retryAfter: nil, before: .seconds(60)) ?? .zero
                #expect(wait >= .milliseconds(full / 2 - 1) && wait <= .milliseconds(full))
            }
            let last = backOff.wait(after: BackOff.attempts, retryAfter: nil, before: .seconds(60))
            #expect(last == nil)
        }
    }

    @Test func whatTheServerAsksFor_isGranted_asLongAsThereIsTime() {
        var backOff = BackOff(seed: 1)
        let granted = backOff.wait(after: 1, retryAfter: .seconds(7), before: .seconds(8))
        #expect(granted == .seconds(7))
        let refused = backOff.wait(after: 1, retryAfter: .seconds(9), before: .seconds(8))
        #expect(refused == nil)
    }

    @Test func aField_isSecondsOrADate() {
        #expect(RetryAfter.wait("120", date: nil) == .seconds(120))
        let date = "Wed, 21 Oct 2015 07:28:00 GMT"
        for (now, wait) in [
            ("Wed, 21 Oct 2015 07:27:30 GMT", 30), ("Tue, 20 Oct 2015 07:28:00 GMT", 86_400),
            ("Thu, 22 Oct 2015 00:00:00 GMT", 0), ("Wed, 30 Sep 2015 07:28:00 GMT", 21 * 86_400),
        ] { #expect(RetryAfter.wait(date, date: now) == .seconds(wait), "\(now)") }
        #expect(
            RetryAfter.wait("Fri, 01 Mar 2024 00:00:00 GMT", date: "Wed, 28 Feb 2024 00:00:00 GMT")
                == .seconds(2 * 86_400))
        #expect(RetryAfter.wait(date, date: nil) == nil)
        for text in [
            "", "-1", "1.5", "9999999999", "١", "Wed, 21 Oct 2015 07:28:00 CET",
            "Wed, 32 Oct 2015 07:28:00 GMT",
            "Wed, 21 Foo 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed, 21 Oct 2015 24:28:00 GMT",
        ] { #expect(RetryAfter.wait(text, date: date) == nil, "\(text)") }
        #expect(RetryAfter.wait(nil, date: date) == nil)
    }
}

@Suite struct ModelAddressTests {
    @Test func aURL_isTakenApart() throws {
        let address = try #require(ModelAddress(completionsOf: "HTTPS://API.example.com/v1/"))
        #expect(address.isSecure && address.host == "api.example.com" && address.port == 443)
        #expect(address.target == "/v1/chat/completions")
        #expect(address.authority == "api.example.com" && !address.isAddress)
        #expect(address.isAllowed(by: ["api.example.com"]) && address.isAllowed(by: ["api.example.com:443"]))
        #expect(!address.isAllowed(by: ["example.com", "api.example.com:80"]))
        let six = try #require(ModelAddress(completionsOf: "http://[::1]:8080/chat/completions?x=1"))
        #expect(six.host == "[::1]" && six.port == 8080 && six.name == "::1" && six.isAddress)
    }

    @Test func aRedirect_isRelativeOrAbsolute() throws {
        let address = try #require(ModelAddress("https://a/x"))
        #expect(address.redirected(to: "/y?z") == ModelAddress("https://a/y?z"))
        #expect(address.redirected(to: "//b/y") == ModelAddress("https://b/y"))
        #expect(address.redirected(to: "http://b/y") == ModelAddress("http://b/y"))
        #expect(address.redirected(to: "javascript:x") == nil)
    }
}
