package import Base
package import Functions

/// A kind of trigger: what an entry of `on` may be, with all that a manifest has to know of it.
///
/// A new kind is a value of this type, and a line in ``all``. What such a trigger does is the host's.
package struct TriggerKind: Sendable {
    /// Who may have a trigger that another function has as well.
    enum Clash: Sendable {
        /// Nobody: it says where one thing goes.
        case anywhere
        /// Another function, but none has it twice.
        case inOneFunction
    }

    /// The key of the entry.
    package let key: String
    /// What it is, for the manifest's JSON Schema.
    package let help: String
    /// Keys people write for it.
    var synonyms: [String] = []
    /// Keys that may stand beside it, in the same entry.
    var options: [String] = []
    /// What makes two of them the same.
    var identity: @Sendable (Trigger) -> String = { $0.description }
    /// Whether two functions may have it.
    var clash = Clash.anywhere
    /// Functions of ours that run where a manifest has such a trigger.
    package var functions: [any Function] = []
    /// Reads the key's value, and what stands beside it; nil, reported, where it is none of this kind.
    let read: @Sendable (inout ManifestDecoder, YAMLNode, _ options: [String: YAMLNode]) -> Trigger?
    /// Reports what a trigger of this kind clashes with that is no trigger.
    var check: @Sendable (inout ManifestDecoder, Trigger, YAMLMark) -> Void = { _, _, _ in }
    /// When such a trigger comes next, where that is known beforehand.
    package var next: @Sendable (Trigger, _ after: Timestamp) -> Timestamp? = { _, _ in nil }

    /// All kinds, in the order in which messages name them.
    package static let all: [TriggerKind] = [.http, .socket, .websocket, .queue, .schedule]

    /// The kinds by their keys.
    static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
}

extension Manifest {
    /// Functions of ours that its triggers need.
    package var functionsOfTriggers: [any Function] {
        let kinds = Set(
            functions.flatMap(\.triggers).compactMap {
                if case .other(let kind, _, _) = $0 { kind } else { nil }
            })
        return TriggerKind.all.filter { kinds.contains($0.key) }.flatMap(\.functions)
    }
}

extension ManifestKeys {
    /// An entry of `on`.
    package static let trigger = ManifestKeys(
        TriggerKind.all.map(\.key) + TriggerKind.all.flatMap(\.options),
        synonyms: Dictionary(
            uniqueKeysWithValues: TriggerKind.all.flatMap { kind in kind.synonyms.map { ($0, kind.key) } }))
}
