import Base
import Foundation
import TestSupport
import Testing

@Suite struct StrictJSONTests {
    private func fault(_ text: String) -> StrictJSON.Fault? { StrictJSON.fault(in: Array(text.utf8).span) }

    @Test(arguments: [
        "1", " {} ", "[]", "\n[ 1 , {\"a\" : null}]\t", #"{"a":1,"A":2,"":3}"#, #"{"a":{"a":{"a":1}}}"#,
        #"["\ud83d\ude00","\\ud800","\\\\ud800"]"#, #"[{"a":1},{"a":1}]"#, "\"\u{10FFFF}\"", "-0.5e+10",
    ])
    func oneValue_passes(text: String) { #expect(fault(text) == nil) }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[,1]", #"{"a":1,}"#, #"{"a"}"#, #"{a:1}"#, "1 2", "[1 2]", "01", "+1",
        "1.", ".5",
        "tru", "NaN", "'a'", "\u{FEFF}1", "\"\u{1}\"", #""\x""#, #""\u12""#, "[1}", "{]", #"{"a":1]"#,
        "//c\n1",
        #"{"a":1,"a":2"#, #"["\ud800"#,
    ])
    func anythingElse_isMalformed(text: String) { #expect(fault(text) == .malformed) }

    @Test func pointers_nameThePlace() {
        #expect(fault(#"{"a":1,"b":{"x":[{"c~/":1,"c~/":2}]}}"#) == .repeatedName(pointer: "/b/x/0/c~0~1"))
        #expect(fault(#"{"\u0061":1,"a":1}"#) == .repeatedName(pointer: "/a"))
        #expect(fault(#"{"":1,"":1}"#) == .repeatedName(pointer: "/"))
        #expect(fault(#"[0,["x","\udfff"]]"#) == .halfSurrogatePair(pointer: "/1/1"))
        #expect(fault(#"{"a":{"\ud800":1}}"#) == .halfSurrogatePair(pointer: "/a"))
        #expect(fault(#""\ud800\u0041""#) == .halfSurrogatePair(pointer: ""))
        // The first counts.
        #expect(fault(#"{"a":"\ud800","a":1}"#) == .halfSurrogatePair(pointer: "/a"))
        let long = String(repeating: "n", count: 600)
        #expect(fault(#"{"a":{"\#(long)":1,"\#(long)":1}}"#) == .repeatedName(pointer: "/a"))
    }

    @Test func depth_hasALimit() {
        let limit = JSONScanner.depthLimit
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(fault(deep(limit)) == nil)
        guard case .tooDeep(let pointer) = fault(deep(limit + 1)) else {
            Issue.record("taken")
            return
        }
        #expect(pointer.hasPrefix("/0/0/0") && pointer.utf8.count <= 512)
        #expect(fault(String(repeating: "[", count: 1_000_000)) == .tooDeep(pointer: pointer))
    }

    @Test func manyNames_areComparedInLinearTime() {
        let members = (0..<100_000).map { #""\#($0)":0"# }
        #expect(fault("{" + members.joined(separator: ",") + "}") == nil)
        let twice = fault("{" + members.joined(separator: ",") + #","77":0}"#)
        #expect(twice == .repeatedName(pointer: "/77"))
    }

    /// Whatever has no fault is what `JSONScanner` and Foundation read; what is cut or changed never traps.
    @Test func everyCutAndChange_isJudgedAsOthersJudge() {
        let seed: UInt64 = 0x5eed_0013
        var random = SplitMix64(seed: seed)
        let text = Array(
            #"{"a":[1,-2.5e3,true,null,"x\n\ud83d\ude00é"],"b":{"c":{},"d":[]},"a~":"\u0041"}"#.utf8)
        var samples = text.indices.map { Array(text[..<$0]) }
        for _ in 0..<5_000 {
            var changed = text
            for _ in 0...Int(random.next() % 3) {
                changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            samples.append(changed)
        }
        for sample in samples {
            let fault = StrictJSON.fault(in: sample.span)
            let trimmed = String(validating: sample, as: UTF8.self).map { "[" + $0 + "]" }
            let isValue = trimmed.flatMap { JSONScanner.elements(of: $0)?.count } == 1
            #expect(
                (fault != .malformed) == isValue, "seed \(seed): \(String(decoding: sample, as: UTF8.self))")
            if fault == nil {
                let value = try? JSONSerialization.jsonObject(with: Data(sample), options: .fragmentsAllowed)
                #expect(value != nil, "seed \(seed): \(String(decoding: sample, as: UTF8.self))")
            }
        }
    }
}
