internal import Runtime
internal import Store
struct ReplayReport {
    struct Entry { var position: Int; var function: String; var id: String; var trigger: String; var at: Timestamp; var status: Int; var recorded: Duration; var replayed: Duration; var differences: [Difference] }
    var title: String; var program: String; var startedAt: Timestamp; var entries: [Entry]; var remarks: [String]
    func html() -> String { "" }
}
