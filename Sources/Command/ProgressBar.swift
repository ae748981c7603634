internal import Synchronization

/// How far long work has come, on one line of a terminal that is written over; nothing where no person looks.
final class ProgressBar: Sendable {
    private static let width = 30
    private let console: Console
    private let label: String
    private let shown = Mutex(-1)

    init(console: Console, label: String) {
        self.console = console
        self.label = label
    }

    func show(_ done: Int, of all: Int) {
        guard console.isTerminal, all > 0 else { return }
        let percent = done * 100 / all
        let isNews = shown.withLock { shown in
            defer { shown = percent }
            return shown != percent
        }
        guard isNews else { return }
        let full = Self.width * percent / 100
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: Self.width - full)
        console.error("\r\(label) \(bar) \(percent)% (\(done)/\(all))")
    }

    func clear() {
        if shown.withLock({ $0 }) >= 0 { console.error("\r\u{1b}[K") }
    }
}
