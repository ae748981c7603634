import Ledger
@testable import Functions
import Runtime
import Testing
import TestSupport

extension Event {
    fileprivate func input<T: Decodable>(_ type: T.Type) throws -> T {
        try input(type, form: DataForm(of: type))
    }
}

/// What functions of every kind make of no argument, one, several, and of text.
@Suite struct EventInputTests {
    private struct Named: Decodable, Equatable {
        let name: String
        let age: Int?
    }

    private struct Free: Decodable, Equatable { let name: String? }

    private func event(
        _ data: String, _ form: DataForm = .value,
        _ trigger: Event.Source = .socket(event: "e", connection: "c", host: "h")
    ) -> Event {
        Event(id: "1", time: TestRuntime.start, trigger: trigger, data: Array(data.utf8), form: form)
    }

    private func refusal<T: Decodable>(_ type: T.Type, _ event: Event) -> String? {
        do {
            _ = try event.input(type)
            return nil
        } catch let invalid as InvalidInput {
            return "\(invalid.pointer) \(invalid.detail)"
        } catch let problem as Problem { return problem.detail } catch { return "\(error)" }
    }

    @Test func typesOfArguments_tellThemApart() throws {
        typealias Two = Arguments<Int, Int>
        let two = try event("[1,2]", .arguments).input(Two.self)
        #expect(two.values == (1, 2))
        #expect(try event("[1,2]").input(Arguments<[Int]>.self).values == [1, 2])
        #expect(refusal(Two.self, event("[1,2]")) == "/0 must be a whole number")
        #expect(refusal(Two.self, event("[]", .arguments)) == "/0 is missing")
        #expect(refusal(Two.self, event("1")) == "/1 is missing")
        #expect(refusal(Two.self, event("[1,2,3]", .arguments)) == " has 3 arguments, and may have 2")
        #expect(refusal(Two.self, event(#"[1,"2"]"#, .arguments)) == "/1 must be a whole number")
        #expect(
            refusal(Arguments<Int, Named>.self, event("[1,{}]", .arguments)) == "/1/name is missing")
        #expect(try event("[]", .arguments).input(AnyArguments.self).values == [])
        #expect(try event("{}").input(AnyArguments.self).values == [.object([:])])
        #expect(try event("[]").input(AnyArguments.self).values == [.array([])])
        #expect(try event("", .value).input(AnyArguments.self).values == [])
        #expect(try event("Hello", .text).input(AnyArguments.self).values == [.string("Hello")])
        _ = try event("[]", .arguments).input(type(of: Arguments()))
    }

    @Test func argumentsAtTheEnd_mayBeMissing_whereTheyAreOptional() throws {
        typealias Some = Arguments<String, Int?, Binary?>
        let one = try event("\"a\"").input(Some.self).values
        #expect(one.0 == "a" && one.1 == nil && one.2 == nil)
        let all = try event(#"["a",null,{"$binary":"AQ=="}]"#, .arguments).input(Some.self).values
        #expect(all.1 == nil && all.2 == Binary([1]))
        #expect(refusal(Some.self, event("[]", .arguments)) == "/0 is missing")
    }

    @Test func whatIsNoSocket_bringsTheArrayOfThem() throws {
        let direct = event("[1,2]", .value, .direct)
        #expect(try direct.input(Arguments<Int, Int>.self).values == (1, 2))
        #expect(try event("", .value, .direct).input(AnyArguments.self).values == [])
        #expect(refusal(Arguments<Int>.self, event("1", .value, .direct)) == " must be an array")
    }

    @Test func otherTypes_takeOneArgument() throws {
        #expect(try event(#"{"name":"a"}"#).input(Named.self) == Named(name: "a", age: nil))
        #expect(try event("[1,2]").input([Int].self) == [1, 2])
        #expect(refusal([Int].self, event("[1,2]", .arguments)) == " must be one argument, and has 2")
        #expect(refusal(JSONValue.self, event("[1,2]", .arguments)) == " must be one argument, and has 2")
        #expect(try event(#"[{"name":"a"}]"#, .arguments).input(Named.self).name == "a")
        _ = try event("[1,2]", .arguments).input(Nothing.self)
    }

    @Test func noArgument_isNullWhereThatIsTaken_orElseAnEmptyObject() throws {
        let none = event("[]", .arguments)
        #expect(try none.input(JSONValue.self) == .null)
        #expect(try none.input(Named?.self) == nil)
        #expect(try none.input(Free.self) == Free(name: nil))
        #expect(refusal(Named.self, none) == "/name is missing")
        #expect(refusal(Int.self, none) == " must be a whole number")
        _ = try none.input(Nothing.self)
        // As it was recorded before arguments were told apart.
        #expect(try event("").input(JSONValue.self) == .object([:]))
    }

    @Test func text_isItself_whetherItIsJSONOrNot() throws {
        #expect(try event("Hello \"you\"\n", .text).input(PlainText.self).text == "Hello \"you\"\n")
        #expect(try event("Hello \"you\"\n", .text).input(String.self) == "Hello \"you\"\n")
        #expect(try event(#" {"a" : 1}"#).input(PlainText.self).text == #" {"a" : 1}"#)
        #expect(try event("\"a\"").input(PlainText.self).text == "\"a\"")
        #expect(try event("\"a\"").input(String.self) == "a")
        #expect(try event("").input(PlainText.self).text == "")
        #expect(refusal(PlainText.self, event(#"{"$binary":"AQ=="}"#)) == " must be text, not bytes")
        #expect(refusal(PlainText.self, event("[1,2]", .arguments)) == " must be one argument, and has 2")
    }

    @Test func argumentOfAnyType_isDecodedByItsIndex() throws {
        let any = AnyArguments([.string("a"), .object(["name": .integer(1)])])
        #expect(try any.decode(String.self, at: 0) == "a")
        #expect(throws: InvalidInput("/1/name", "must be a string")) { try any.decode(Named.self, at: 1) }
        #expect(throws: InvalidInput("/2", "is missing")) { try any.decode(Named.self, at: 2) }
    }

    @Test func outputs_sayWhatTheyAre() throws {
        #expect(DataForm(of: Arguments<Int, String>.self) == .arguments)
        #expect(DataForm(of: type(of: Arguments())) == .arguments)
        #expect(DataForm(of: AnyArguments.self) == .arguments)
        #expect(DataForm(of: PlainText.self) == .text)
        #expect(DataForm(of: [Int].self) == .value && DataForm(of: String.self) == .value)
        #expect(try JSON.encode(Arguments(true, "x", Binary([1]))) == #"[true,"x",{"$binary":"AQ=="}]"#)
        #expect(try JSON.encode(Arguments()) == "[]")
        #expect(try JSON.encode(AnyArguments([.null])) == "[null]")
        #expect(try JSON.encode(PlainText("a\"")) == #""a\"""#)
    }

    @Test func octetsOfASocket_countAsTheyArrived() {
        let binary = #"{"$binary":"AQID"}"#
        #expect(event(binary).arrivedCount == 3)
        #expect(event("[\(binary),1]", .arguments).arrivedCount == 7)
        #expect(event(binary, .text).arrivedCount == 18)
        #expect(event(binary, .value, .http(method: "POST", path: "/")).arrivedCount == 18)
    }
}
