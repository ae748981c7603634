import Glibc
import LocalHost
import Net
import Testing

@testable import Command

@Suite struct SupervisorNoticesTests {
    /// A service manager's socket of the abstract namespace.
    final class Manager {
        let descriptor: Int32
        let name: String

        init() {
            let own = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            descriptor = own
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // Bound without a name, it gets one of the abstract namespace: five hexadecimal digits (unix(7)).
            var length = socklen_t(MemoryLayout<sa_family_t>.size)
            var bytes: [UInt8] = []
            unsafe withUnsafeMutableBytes(of: &address) { buffer in
                unsafe buffer.withMemoryRebound(to: sockaddr.self) { pointer in
                    guard let pointer = pointer.baseAddress else { return }
                    let code = unsafe bind(own, pointer, length)
                    #expect(code == 0)
                    length = socklen_t(MemoryLayout<sockaddr_un>.size)
                    let named = unsafe getsockname(own, pointer, &length)
                    #expect(named == 0)
                }
                bytes = unsafe Array(buffer.prefix(Int(length)))
            }
            name = "@" + String(decoding: bytes.dropFirst(3), as: UTF8.self)
        }

        deinit { close(descriptor) }

        /// What was told since the last time, a message each.
        func heard() -> [String] {
            var messages: [String] = []
            var bytes = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return messages }
                messages.append(String(decoding: bytes.prefix(count), as: UTF8.self))
            }
        }
    }

    static func notices(_ manager: Manager, _ variables: [String: String] = [:]) -> SupervisorNotices {
        let environment = variables.merging(["NOTIFY_SOCKET": manager.name]) { $1 }
        return SupervisorNotices(
            to: ServiceManager(environment: environment, pid: 7), sign: .seconds(1), address: "there")
    }

    @Test func actions_areTold_thatAreNews() throws {
        let manager = Manager()
        let notices = Self.notices(manager)
        let actions: [Supervisor.Action] = [
            .start(0), .announce, .reportEnd(0, .exited(1), again: .zero), .takeOut(0), .reportReturn(0),
            .endSilent(0), .reportEnd(1, .exited(1), again: nil), .stop, .kill, .finish(unfinished: 0),
            .follow(status: 0),
        ]
        for action in actions { try notices.tell(action, stopTime: .seconds(20)) }
        #expect(
            manager.heard() == [
                "READY=1\nSTATUS=Serving on there", "STATUS=Worker 0 has ended and is started again",
                "STATUS=Serving on there", "STATUS=Worker 1 did not start",
                "STOPPING=1\nSTATUS=Stopping: finishing what is in flight\nEXTEND_TIMEOUT_USEC=20000000",
            ])
    }

    @Test func watchdog_isTold_athalfOfItsTime_whileTheWorkersAnswer() throws {
        let manager = Manager()
        var notices = Self.notices(manager, ["WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "7"])
        var supervisor = SupervisorTests.supervisor(1)
        _ = supervisor.begin(at: .zero)
        try notices.passed(to: .zero, supervisor)
        #expect(manager.heard() == [] && notices.nextDeadline == nil)
        _ = supervisor.serves(0, at: .seconds(1))
        try notices.passed(to: .seconds(1), supervisor)
        #expect(manager.heard() == ["WATCHDOG=1"] && notices.nextDeadline == .seconds(5))
        try notices.passed(to: .milliseconds(4_999), supervisor)
        #expect(manager.heard() == [])
        try notices.passed(to: .seconds(5), supervisor)
        #expect(manager.heard() == ["WATCHDOG=1"] && notices.nextDeadline == .seconds(9))
        // It has said nothing for longer than that by now.
        try notices.passed(to: .seconds(9), supervisor)
        #expect(manager.heard() == [] && notices.nextDeadline == nil)
        _ = supervisor.serves(0, at: .seconds(10))
        try notices.passed(to: .seconds(10), supervisor)
        #expect(manager.heard() == ["WATCHDOG=1"] && notices.nextDeadline == .seconds(14))
    }

    @Test(arguments: [
        [:], ["WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"], ["WATCHDOG_USEC": "0"],
        ["WATCHDOG_USEC": "soon"], ["WATCHDOG_USEC": "-5"],
    ])
    func watchdogThatIsNotOurs_isNotTold(variables: [String: String]) throws {
        let manager = Manager()
        var notices = Self.notices(manager, variables)
        try notices.passed(to: .seconds(100), SupervisorTests.serving(1))
        #expect(manager.heard() == [] && notices.nextDeadline == nil)
    }

    @Test func watchdogOfWhoeverIsStarted_isOurs() {
        let manager = ServiceManager(
            environment: ["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "5000000"], pid: 7)
        #expect(manager?.watchdog == .seconds(5))
    }

    @Test func nobody_isToldNothing() throws {
        for environment in [[:], ["NOTIFY_SOCKET": ""]] {
            let manager = ServiceManager(environment: environment, pid: 7)
            #expect(manager == nil)
            let notices = SupervisorNotices(to: manager, sign: .seconds(1), address: "there")
            try notices.tell(.announce, stopTime: .zero)
            #expect(notices.nextDeadline == nil)
        }
    }

    @Test(arguments: [
        "relative", "vsock:2:1", "/", "/nowhere/at/all", "@" + String(repeating: "x", count: 120),
    ])
    func managerThatCannotBeReached_isAnError(socket: String) {
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": socket], pid: 7)
        #expect(throws: HostError.self) { try manager?.tell(["READY=1"]) }
    }
}
