import Testing

@testable import LocalHost

/// A socket's life, over every order in which things may happen to it.
@Suite struct SocketLifeTests {
    typealias Input = SocketLife.Input
    typealias Action = SocketLife.Action

    /// What has been done about one life, and what must hold of it at any time.
    private struct Course {
        var life = SocketLife()
        var inputs: [Input] = []
        var actions: [Action] = []

        mutating func take(_ input: Input) {
            inputs.append(input)
            actions += life.receive(input)
        }

        func count(_ action: Action) -> Int { actions.count { $0 == action } }

        /// How often the client or its line was told how it stands.
        var answers: Int { count(.open) + count(.deny) + count(.turnAway) }

        var disconnects: Int { count(.disconnect(isLost: true)) + count(.disconnect(isLost: false)) }

        /// What is wrong, if anything.
        var complaint: String? {
            for action in [Action.connect, .catchUp, .open, .deny, .forget, .release] where count(action) > 1
            {
                return "\(action) more than once"
            }
            if disconnects > 1 { return "two ends" }
            if let release = actions.firstIndex(of: .release), release != actions.count - 1 {
                return "something behind the release"
            }
            if count(.release) == 1, count(.forget) == 0 { return "released, and still to be found" }
            if let forget = actions.firstIndex(of: .forget) {
                if actions[forget...].contains(.open) || actions[forget...].contains(.connect) {
                    return "something for a socket that is gone"
                }
            } else if disconnects > 0 {
                return "an end of what is still to be found"
            }
            if let open = actions.firstIndex(of: .open), let connect = actions.firstIndex(of: .connect),
                open < connect
            {
                return "open before it was decided"
            }
            if life.isGone != (count(.forget) == 1) { return "gone or not" }
            if life.isOpen, count(.open) != 1 { return "open, and not told so" }
            // What `$connect` let in ends by `$disconnect`, or is somebody else's.
            if count(.release) == 1, count(.open) == 1, disconnects == 0, !inputs.contains(.supplanted) {
                return "open once, and no end"
            }
            if answers == 0, count(.release) == 1,
                !inputs.contains(where: { [.left, .dropped, .supplanted].contains($0) })
            {
                return "ended without a word"
            }
            return nil
        }

        /// What brings this life to its end, whatever has happened: what is under way ends, and the client goes.
        mutating func finish() {
            for input in [.turn, .admitted, .roomsBack, .caughtUp, .eventEnded, .left, .departed] as [Input] {
                take(input)
            }
        }
    }

    /// Each sequence of so many inputs, those that cannot happen in a state among them.
    @Test func everyOrder_keepsItsPromises_andEnds() {
        var checked = 0
        func go(_ course: Course, _ depth: Int) {
            checked += 1
            if let complaint = course.complaint {
                Issue.record("\(complaint): \(course.inputs) -> \(course.actions)")
                return
            }
            var ended = course
            ended.finish()
            if ended.count(.release) != 1 || ended.complaint != nil {
                Issue.record("no end: \(ended.inputs) -> \(ended.actions), \(ended.complaint ?? "")")
            }
            guard depth > 0, course.count(.release) == 0 else { return }
            for input in Input.allCases {
                var next = course
                next.take(input)
                // What changes nothing leads nowhere new.
                if next.life != course.life { go(next, depth - 1) }
            }
        }
        go(Course(), 9)
        #expect(checked > 1_000)
    }

    private static func actions(_ inputs: Input...) -> [Action] {
        var life = SocketLife()
        return inputs.flatMap { life.receive($0) }
    }

    @Test func goodbyeWhileConnecting_endsWhatConnectHasRecorded() {
        #expect(
            Self.actions(.turn, .left, .admitted, .departed) == [
                .connect, .forget, .disconnect(isLost: false), .release,
            ])
        #expect(Self.actions(.turn, .dropped, .denied) == [.connect, .forget, .release])
    }

    @Test func lossDuringAnEvent_waitsForIt() {
        #expect(
            Self.actions(.turn, .admitted, .eventBegan, .dropped, .eventEnded, .departed) == [
                .connect, .open, .forget, .disconnect(isLost: true), .release,
            ])
    }

    @Test func goodbyeBehindALoss_meansThatNobodyComesBack() {
        #expect(
            Self.actions(.turn, .admitted, .eventBegan, .dropped, .left, .eventEnded) == [
                .connect, .open, .forget, .disconnect(isLost: false),
            ])
    }

    @Test func return_needsItsRooms_inWhicheverOrderTheyCome() {
        let late = Self.actions(.turnToReturn, .admitted, .roomsBack, .caughtUp)
        let early = Self.actions(.turnToReturn, .roomsBack, .admitted, .caughtUp)
        #expect(late == [.connect, .catchUp, .open])
        #expect(early == late)
    }

    @Test func return_thatIsNotPossible_isForgotten_andTheClientBeginsAnew() {
        #expect(
            Self.actions(.turnToReturn, .admitted, .lost, .departed) == [
                .connect, .forget, .turnAway, .disconnect(isLost: false), .release,
            ])
    }

    @Test func whoIsSupplanted_endsWithoutADisconnect() {
        #expect(Self.actions(.turn, .admitted, .supplanted) == [.connect, .open, .forget, .release])
        #expect(Self.actions(.turn, .supplanted, .admitted) == [.connect, .forget, .release])
    }

    @Test func beingFull_isNoDenial() {
        #expect(Self.actions(.failed) == [.forget, .turnAway, .release])
        #expect(Self.actions(.turn, .failed) == [.connect, .forget, .turnAway, .release])
        #expect(Self.actions(.turn, .denied) == [.connect, .forget, .deny, .release])
    }
}
