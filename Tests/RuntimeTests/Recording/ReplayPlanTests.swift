import Testing

@testable import Recording
import Runtime

@Suite struct ReplayPlanTests {
    private func plan(_ lines: [String], number: Int64 = 0) throws -> ReplayPlan {
        ReplayPlan(try RecordingFolder(lines + [RecordingFolder.end], number: number).recording())
    }

    private func words(_ plan: ReplayPlan) -> [String] {
        plan.steps.map { number, step in
            switch step {
            case .claim(let index): "\(number) claim \(index)"
            case .beginWrite(let index): "\(number) begin write \(index)"
            case .endWrite(let index): "\(number) end write \(index)"
            case .begin(let index, let waits): "\(number) begin \(index)\(waits ? " and wait" : "")"
            case .goOn(let index): "\(number) go on \(index)"
            case .claimForReturn(let index): "\(number) claim for return \(index)"
            case .giveBack(let index): "\(number) give back \(index)"
            }
        }
    }

    private func giveBack(_ number: Int64) -> String {
        #"{"kind":"return","number":\#(number),"queue":"q","group":"g","fate":"retry","at":"2026-01-01T00:00:00Z"}"#
    }

    @Test func commits_standInTheirOrder_andNeighboursAreJoined() throws {
        let plan = try plan([
            RecordingFolder.line("b", admission: 2, commit: 4, numbers: 2),
            RecordingFolder.line("a", admission: 1, commit: 5),
            RecordingFolder.line("c", admission: 6, commit: 7), RecordingFolder.line("d", admission: 8),
        ])
        #expect(
            words(plan) == [
                "1 begin 1 and wait", "4 begin 0", "5 go on 1", "7 begin 2", "8 begin 3",
            ])
        #expect(plan.beyond.isEmpty)
        #expect(plan.remarks.isEmpty)
    }

    @Test func refusedBeforeTheStore_standsWhereItWasRecorded() throws {
        let plan = try plan(
            [
                RecordingFolder.line("x"), RecordingFolder.line("a", admission: 11, commit: 12),
                RecordingFolder.line("y"), RecordingFolder.line("b", admission: 13, commit: 14),
            ], number: 10)
        #expect(words(plan) == ["10 begin 0", "12 begin 1", "12 begin 2", "14 begin 3"])
    }

    @Test func claimsAndReturns_haveTheirPlaces() throws {
        let claim = #"{"seed":"1","claim":{"queue":"q","group":"g","lease":3,"jobs":1}}"#
        let plan = try plan([
            RecordingFolder.line("a", admission: 1, commit: 2),
            RecordingFolder.line("j", admission: 4, taken: claim, status: 500),
            giveBack(5),
        ])
        #expect(words(plan) == ["2 begin 0", "3 claim 1", "4 begin 1", "5 give back 0"])
    }

    @Test func hole_endsTheReplay() throws {
        let plan = try plan([
            RecordingFolder.line("a", admission: 1, commit: 2),
            RecordingFolder.line("b", admission: 4, commit: 5),
            RecordingFolder.line("c", admission: 6), giveBack(7),
        ])
        #expect(words(plan) == ["2 begin 0"])
        #expect(plan.beyond == [1, 2])
        #expect(plan.remarks.count == 1)
        #expect(plan.remarks[0].hasPrefix("number 3 of the store's order are not in the recording"))
    }

    @Test func hole_ofSeveral_isNamed_andAdmissionsBeforeItWait() throws {
        let plan = try plan([
            RecordingFolder.line("a", admission: 1, commit: 9), RecordingFolder.line("b", admission: 2),
            RecordingFolder.line("c", admission: 7),
        ])
        #expect(plan.remarks[0].hasPrefix("numbers 3 to 6 "))
        #expect(plan.beyond == [0, 2])
        #expect(words(plan) == ["2 begin 1"])
    }

    @Test func emptyRecording_hasNoSteps() throws { #expect(words(try plan([])).isEmpty) }

    @Test func invocation_inTheSnapshot_isNotReplayed_andOneThatWasUnderWayIs() throws {
        let claim = #"{"seed":"1","claim":{"queue":"q","group":"g","lease":2,"jobs":1}}"#
        let plan = try plan(
            [
                RecordingFolder.line("a", admission: 3), RecordingFolder.line("b", admission: 6),
                RecordingFolder.line("c", admission: 4, commit: 7, taken: claim),
            ], number: 5)
        #expect(plan.beyond.isEmpty)
        #expect(words(plan) == ["5 claim 1", "6 begin 0", "7 begin 1"])
    }

    @Test func absurdNumbers_doNotTrap() throws {
        let most = RecordingFormat.numbers.upperBound
        let lines = [
            RecordingFolder.line("a", admission: most, commit: most, numbers: most),
            RecordingFolder.line("b", admission: 1, commit: most, numbers: most),
            RecordingFolder.line("c", admission: 5, commit: 2, numbers: 2),
            RecordingFolder.line("d", admission: 1, commit: 2),
            RecordingFolder.line("e", admission: 1, commit: 2),
            RecordingFolder.line("f", admission: 0, commit: 0 + 1), giveBack(0), giveBack(most), giveBack(2),
        ]
        for number in [0, 1, most] {
            let plan = try plan(lines, number: number)
            #expect(plan.beyond.count <= lines.count)
            #expect(plan.steps.map(\.number) == plan.steps.map(\.number).sorted())
        }
    }
}
