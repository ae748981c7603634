import FoundationEssentials
import Runtime
import Testing

/// The JSON Schema that editors complete from names exactly what the decoder knows.
@Suite struct ManifestSchemaTests {
    private struct Schema: Decodable {
        struct Properties: Decodable {
            let properties: [String: Ignored]?
            let additionalProperties: Ignored?
        }
        struct Ignored: Decodable {
            let isFalse: Bool
            let values: [String]
            let description: String?
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                isFalse = (try? container.decode(Bool.self)) == false
                let choices = try? container.decode(Choices.self)
                description = choices?.description
                values = (choices?.enum ?? []) + (choices?.anyOf ?? []).flatMap { $0.enum ?? [] }
            }
        }
        struct Choices: Decodable {
            struct Choice: Decodable { let `enum`: [String]? }
            let `enum`: [String]?
            let anyOf: [Choice]?
            let description: String?
        }
        let properties: [String: Ignored]
        let additionalProperties: Ignored?
        let definitions: [String: Properties]
    }

    private let schema: Schema

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "functions.schema.json"))
        schema = try JSONDecoder().decode(Schema.self, from: data)
    }

    @Test func theManifestsKeys_areTheSchemas() {
        #expect(schema.properties.keys.sorted() == ManifestKeys.document.known.sorted())
        #expect(schema.additionalProperties?.isFalse == true)
    }

    @Test(arguments: [
        "issuer", "issuerKey", "sockets", "websocket", "function", "limits", "trigger", "queue",
    ])
    func everyMappingsKeys_areTheSchemas(_ name: String) throws {
        let keys = try #require(
            [
                "issuer": ManifestKeys.issuer, "issuerKey": .issuerKey, "sockets": .sockets,
                "websocket": .websocket,
                "function": .function, "limits": .limits,
                "trigger": .trigger, "queue": .queue,
            ][name])
        let definition = try #require(schema.definitions[name])
        #expect(definition.properties?.keys.sorted() == keys.known.sorted())
        #expect(definition.additionalProperties?.isFalse == true)
    }

    @Test func everyMapping_isCompared() {
        let mappings = schema.definitions.filter { $0.value.properties != nil }.keys.sorted()
        #expect(
            mappings == [
                "function", "issuer", "issuerKey", "limits", "queue", "sockets", "trigger", "websocket",
            ])
    }

    @Test func choices_areTheSchemas() throws {
        let function = try #require(schema.definitions["function"]?.properties)
        let issuer = try #require(schema.definitions["issuer"]?.properties)
        #expect(function["per"]?.values == RateScope.allCases.map(\.rawValue))
        #expect(function["isolation"]?.values == Isolation.allCases.map(\.rawValue))
        #expect(issuer["algorithm"]?.values == Issuer.Algorithm.allCases.map(\.rawValue))
    }

    @Test func aTriggersHelp_isTheSchemas() throws {
        let trigger = try #require(schema.definitions["trigger"]?.properties)
        for kind in TriggerKind.all { #expect(trigger[kind.key]?.description == kind.help) }
    }
}
