internal import Base

extension ReplayReport {
    /// The page around the data. Only the style and the scripts that bear the nonce count (CSP 3, 6.7.3); nothing is
    /// loaded from anywhere.
    func page(json: String, nonce: String) -> String {
        let different = entries.count { !$0.differences.isEmpty }
        let scripts = [
            PackageResources.report_js, PackageResources.report_timeline_js, PackageResources.report_list_js,
        ]
        return Self.filled(
            PackageResources.report_html,
            [
                "title": Self.escaped(title), "program": Self.escaped(program), "nonce": nonce, "data": json,
                "count": "\(entries.count)", "identical": "\(entries.count - different)",
                "different": "\(different)", "style": Self.text(PackageResources.report_css),
                "script": scripts.map(Self.text).joined(separator: "\n\n"),
            ])
    }

    /// A resource without the line feed at its end.
    private static func text(_ resource: [UInt8]) -> String {
        String(decoding: resource.last == ASCII.lineFeed ? resource.dropLast() : resource[...], as: UTF8.self)
    }

    /// A template with each `{{name}}` replaced by the value of that name. Values are not looked at again: what a
    /// recording says can name no other.
    static func filled(_ template: [UInt8], _ values: [String: String]) -> String {
        var result: [UInt8] = []
        var rest = template[...]
        while let start = rest.firstRange(of: Array("{{".utf8)) {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: Array("}}".utf8)),
                let value = values[String(decoding: rest[..<end.lowerBound], as: UTF8.self)]
            else { preconditionFailure("The page names a value that it is not given.") }
            result += value.utf8
            rest = rest[end.upperBound...]
        }
        return String(decoding: result + rest, as: UTF8.self)
    }
}
