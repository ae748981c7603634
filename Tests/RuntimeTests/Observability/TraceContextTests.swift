import Testing

@testable import Observability
import Runtime

@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(arguments: [
        "00-\(trace)-\(span)-00", "00-\(trace)-\(span)-01", "00-\(trace)-\(span)-ff",
        // A later version may say more (section 3.2.2: parse what is known).
        "01-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01-what-the-future-will-be-like",
        "cc-\(trace)-\(span)-01-",
    ])
    func aHeaderOfTheStandard_isRead(_ header: String) {
        let context = TraceContext(traceparent: header)
        #expect(context?.traceID == Self.trace)
        #expect(context?.spanID == Self.span)
        #expect(context?.traceparent.hasPrefix("00-\(Self.trace)-\(Self.span)-") == true)
    }

    @Test(arguments: [
        "", "-", "---", "00", "00-\(trace)", "00-\(trace)-\(span)", "00-\(trace)-\(span)-",
        "00-\(trace)-\(span)-1",
        "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-extra", "00-\(trace)-\(span)-01.",
        "ff-\(trace)-\(span)-01",
        "0-\(trace)-\(span)-01", "000-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01.what",
        "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01",
        "00-\(trace)-\(span)-0G",
        "00-\(trace.dropLast())-\(span)-01", "00-\(trace)0-\(span)-01", "00-\(trace.dropLast())é-\(span)-01",
        " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ", "00_\(trace)_\(span)_01",
        "cc-\(trace)-\(span)-01-" + String(repeating: "x", count: 300),
    ])
    func anythingElse_isIgnored(_ header: String) { #expect(TraceContext(traceparent: header) == nil) }

    @Test(arguments: [("00", "00"), ("01", "01"), ("03", "01"), ("fe", "00"), ("ff", "01")])
    func aChild_staysInTheTrace_andKeepsTheSampledFlagOnly(_ flags: String, _ passedOn: String) throws {
        var random = SeededRandom(seed: 1)
        let parent = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-\(flags)"))
        #expect(parent.traceparent == "00-\(Self.trace)-\(Self.span)-\(flags)")
        let child = parent.child(random: &random)
        #expect(child.traceID == Self.trace)
        #expect(child.spanID != Self.span)
        #expect(child.flags == passedOn)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test func aNewTrace_isOneThatCanBeRead() {
        for seed: UInt64 in [0, 1, .max] {
            var random = SeededRandom(seed: seed)
            let context = TraceContext(random: &random)
            #expect(TraceContext(traceparent: context.traceparent) == context)
        }
        var random = SeededRandom(seed: 0)
        // The first numbers of SplitMix64 from 0, made odd where they must not be zero.
        #expect(
            TraceContext(random: &random).traceparent
                == "00-e220a8397b1dcdaf6e789e6aa1b965f4-6c45d188009454f-01".replacing("-6c4", with: "-06c4"))
    }
}
