internal import Base
internal import Runtime

/// What a replay found, for CI systems: JUnit's XML as Jenkins, GitLab and others read it. A test case is an invocation.
struct JUnitReport {
    /// One invocation.
    struct Case {
        let name: String
        let function: String
        let seconds: Double
        let differences: [Difference]
        /// Why it was not tried; nil where it was.
        var skipped: String?

        init(_ entry: ReplayReport.Entry, skipped: String? = nil) {
            name = "#\(entry.position) \(entry.id) (\(entry.trigger))"
            function = entry.function
            seconds = entry.replayed.seconds
            differences = entry.differences
            self.skipped = skipped
        }
    }

    let name: String
    let at: Timestamp
    let cases: [Case]
    let remarks: [String]

    func xml() -> String {
        let seconds = cases.reduce(0) { $0 + $1.seconds }
        let counts =
            #"tests="\#(cases.count)" failures="\#(cases.count { !$0.differences.isEmpty })" errors="0" "#
            + #"skipped="\#(cases.count { $0.skipped != nil })" time="\#(Self.text(seconds))""#
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        text += #"<testsuites name="gestaloka replay" \#(counts)>"# + "\n"
        text += #"<testsuite name="\#(Self.escaped(name))" \#(counts) timestamp="\#(at.rfc3339)">"# + "\n"
        for test in cases { text += element(test) }
        if !remarks.isEmpty {
            text += "<system-out>\(Self.escaped(remarks.joined(separator: "\n")))</system-out>\n"
        }
        return text + "</testsuite>\n</testsuites>\n"
    }

    private func element(_ test: Case) -> String {
        let start =
            #"<testcase classname="\#(Self.escaped(test.function))" name="\#(Self.escaped(test.name))" "#
            + #"time="\#(Self.text(test.seconds))""#
        if let reason = test.skipped {
            return start + ">" + #"<skipped message="\#(Self.escaped(reason))"/></testcase>"# + "\n"
        }
        guard let first = test.differences.first else { return start + "/>\n" }
        let more = test.differences.count - 1
        let message =
            first.path + (more > 0 ? " and \(more) more" : "") + " differ"
            + (more > 0 ? "" : "s")
        let text = test.differences.map { $0.text(colours: false) }.joined(separator: "\n")
        return start + ">" + #"<failure type="difference" message="\#(Self.escaped(message))">"#
            + Self.escaped(text) + "</failure></testcase>\n"
    }

    /// Milliseconds are enough, and no exponent.
    private static func text(_ seconds: Double) -> String {
        let microseconds = Int64((seconds * 1e6).rounded())
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: max(0, 6 - fraction.count))
            + fraction
    }

    /// Text as content or in an attribute. What no XML may hold (XML 1.0 section 2.2) becomes U+FFFD.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: result += "&amp;"
            case 0x3c: result += "&lt;"
            case 0x3e: result += "&gt;"
            case 0x22: result += "&quot;"
            case 0x09, 0x0a, 0x0d: result += "&#\(scalar.value);"
            case ..<0x20, 0xfffe, 0xffff: result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
