import Runtime
import Testing

@testable import Command

/// What a host tells in other words than the recorded ones is no difference; all else is.
@Suite struct ToldTextsTests {
    private static let told = ToldTexts([
        #"{"story":"The rain stops.","choices":[{"label":"Go north"},{"label":"Wait"}],"mood":"calm"}"#,
        "An old man sits by the fire and says nothing.", "",
    ])

    private func differences(_ recorded: String, _ live: String, told: ToldTexts = Self.told) -> [String] {
        AnswerComparison(told: told).differences(recorded: (200, recorded), live: (200, live)).map(\.path)
    }

    @Test func otherWords_doNotCount() {
        let recorded =
            #"{"story":"The rain stops.","choices":[{"id":"1","label":"Go north"},{"id":"2","label":"Wait"}],"location_id":"tavern"}"#
        let live =
            #"{"story":"Snow falls.","choices":[{"id":"1","label":"Sing"},{"id":"2","label":"Dance"}],"location_id":"tavern"}"#
        #expect(differences(recorded, live).isEmpty)
        #expect(!differences(recorded, live, told: ToldTexts([String]())).isEmpty)
        let more =
            #"{"story":"Snow falls.","choices":[{"id":"1","label":"Sing"}],"location_id":"tavern"}"#
        #expect(differences(recorded, more).isEmpty)
        #expect(
            differences(#"{"text":"He says: An old man sits by the fire"}"#, #"{"text":"x"}"#) == [
                "answer.body.text"
            ])
        #expect(differences(#"{"text":"An old man sits by"}"#, #"{"text":"x"}"#).isEmpty)
    }

    @Test func whatWasNotTold_counts() {
        let recorded = #"{"story":"The rain stops.","location_id":"tavern","n":1,"list":[1,2]}"#
        #expect(
            differences(recorded, #"{"story":"Snow.","location_id":"forest","n":1,"list":[1,2]}"#) == [
                "answer.body.location_id"
            ])
        #expect(
            differences(recorded, #"{"story":7,"location_id":"tavern","n":1,"list":[1,2]}"#) == [
                "answer.body.story"
            ]
        )
        #expect(
            differences(recorded, #"{"location_id":"tavern","n":1,"list":[1,2]}"#) == ["answer.body.story"])
        #expect(
            differences(recorded, #"{"story":"Snow.","location_id":"tavern","n":1,"list":[1]}"#) == [
                "answer.body.list[1]"
            ])
    }

    @Test func whatIsMasked_doesNotCountEither() {
        let comparison = AnswerComparison(mask: DifferenceMask(["hint", "body.choices[].label"]))
        let found = comparison.differences(
            recorded: (200, #"{"hint":"a","choices":[{"label":"x","id":1}],"n":1}"#),
            live: (200, #"{"hint":"b","choices":[{"label":"y","id":2}],"n":1}"#))
        #expect(found.map(\.path) == ["answer.body.choices[0].id"])
    }
}
