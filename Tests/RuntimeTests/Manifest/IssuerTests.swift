import Runtime
import Testing

@Suite struct IssuerTests {
    private let manifest = Manifest(auth: [Issuer(issuer: "me", audience: "you", key: "hush-hush")])

    @Test func theKey_isInNoDescription() {
        var dumped = ""
        dump(manifest, to: &dumped)
        let texts = [
            "\(manifest)", String(reflecting: manifest), "\(manifest.auth)", manifest.auth[0].description,
            String(reflecting: manifest.auth[0]), dumped,
        ]
        for text in texts {
            #expect(!text.contains("hush"))
            #expect(text.contains("me"))
        }
    }

    @Test(
        arguments: [
            ("${SECRET_KEY}", [:], nil), ("${SECRET_KEY}", ["SECRET_KEY": ""], nil),
            ("${SECRET_KEY:-}", [:], nil), ("${SECRET_KEY}", ["SECRET_KEY": "k"], "k"),
            ("${SECRET_KEY:-dev}", [:], "dev"), ("a${SECRET_KEY}b", ["SECRET_KEY": "k"], "akb"),
            ("literal", ["SECRET_KEY": "k"], "literal"),
        ] as [(String, [String: String], String?)])
    func theKey_comesFromTheEnvironment(
        _ written: String, _ environment: [String: String], _ key: String?
    ) throws {
        let yaml = """
            version: 1
            auth: [{issuer: i, audience: a, algorithm: HS256, key: '\(written)'}]
            functions: {hello: {handler: Hello}}
            """
        let manifest = try Manifest(yaml: yaml, file: "f", environment: environment)
        #expect(manifest.auth.count == 1)
        #expect(manifest.auth.first?.keys.count == 1)
        #expect(manifest.auth.first?.signingKey == key)
    }

    @Test func severalKeys_haveIds_andStayInOrder() throws {
        let yaml = """
            version: 1
            auth:
              - issuer: i
                audience: a
                algorithm: HS256
                keys:
                  - { id: "2", key: "${NEW}" }
                  - { id: "1", key: "${OLD}" }
              - issuer: i
                audience: b
                algorithm: HS256
                key: hush-hush
            functions: {hello: {handler: Hello}}
            """
        let manifest = try Manifest(yaml: yaml, file: "f", environment: ["NEW": "hush-new"])
        #expect(
            manifest.auth.map(\.keys) == [
                [Issuer.Key(id: "2", secret: "hush-new"), Issuer.Key(id: "1", secret: nil)],
                [Issuer.Key(secret: "hush-hush")],
            ])
        var dumped = ""
        dump(manifest, to: &dumped)
        for text in ["\(manifest.auth[0].keys)", String(reflecting: manifest.auth[0].keys), dumped] {
            #expect(!text.contains("hush"))
        }
    }
}
