import Testing

@testable import Manifest
import Runtime

@Suite struct EnvironmentExpansionTests {
    private let expansion = EnvironmentExpansion(environment: [
        "NAME": "value", "EMPTY": "", "_x1": "${NAME}",
    ])

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("${NAME}", "value"), ("a${NAME}b${NAME}c", "avaluebvaluec"),
        ("${EMPTY}", ""), ("${EMPTY:-other}", "other"), ("${UNSET:-other}", "other"),
        ("${NAME:-other}", "value"),
        ("${UNSET:-}", ""), ("${UNSET:-a:-b}", "a:-b"), ("${UNSET:-$5}", "$5"), ("$$", "$"),
        ("$${NAME}", "${NAME}"),
        ("$$$${NAME}", "$${NAME}"), ("$connect", "$connect"), ("$", "$"), ("5$", "5$"), ("}", "}"),
        ("${_x1}", "${NAME}"), ("日${NAME}本", "日value本"),
    ])
    func references_becomeValues(_ text: String, _ expected: String) throws {
        #expect(try expansion.expand(text) == expected)
    }

    @Test(
        arguments: [
            ("${", .unclosed), ("a${NAME", .unclosed), ("${}", .badName), ("${9A}", .badName),
            ("${A B}", .badName),
            ("${NAME-x}", .badName), ("${NAME:x}", .badName), ("${:-x}", .badName), ("${NÄME}", .badName),
            ("${A:-${NAME}}", .nested), ("${UNSET}", .unset(name: "UNSET")),
        ] as [(String, EnvironmentExpansion.Failure)])
    func badReferences_areRefused(_ text: String, _ failure: EnvironmentExpansion.Failure) {
        #expect(throws: failure) { try expansion.expand(text) }
    }

    @Test func aValue_cannotChangeTheStructure() throws {
        let yaml = "{version: 1, store: '${STORE}', functions: {hello: {handler: Hello}}}"
        let manifest = try Manifest(yaml: yaml, file: "f", environment: ["STORE": "a, guests: true"])
        #expect(manifest.store == "a, guests: true")
        #expect(!manifest.allowsAnonymous)
    }
}
