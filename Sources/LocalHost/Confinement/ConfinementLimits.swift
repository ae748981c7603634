/// The numbers of this module: how often it looks, and how far it goes. What a process may use is `ProcessLimits`.
enum ConfinementLimits {
    /// How often a process is looked at: while it starts or an invocation runs, and otherwise.
    static let look = Duration.milliseconds(20)
    static let idleLook = Duration.milliseconds(250)
    /// A process has just started for that many looks.
    static let startingLooks = 500
    /// Each of that many looks sees what is in the temporary folder, and what the kernel says is the highest memory.
    static let looksPerInventory = 10
    /// So many entries of the folder make the next such look one later: it may take a few hundredths of the time.
    static let entriesPerLook = 500
    /// What a process may compute where no invocation runs is counted anew after that many idle looks: a minute.
    static let idleLooksPerAllowance = 240
    /// Looks in a row by which several processes are over their memory before they are killed: while a process starts
    /// another one by vfork(2), both have the same memory, which is seen twice.
    static let looksOverMemory = 2

    /// Processes of one tree that a look counts, and entries of a folder of /proc.
    static let members = 4_096
    /// Rounds of a kill: each signals what it finds, until nothing new is found twice.
    static let killRounds = 256
    static let cleanKillRounds = 2
    /// How often, and for how many times, what a process has left is looked for behind its end.
    static let cleaning = Duration.milliseconds(10)
    static let cleanings = 500

    /// Bytes of a file of /proc that are read.
    static let procBytes = 1 << 18
    /// No process has as much memory, no file as many blocks: whatever the kernel says, sums of these do not overflow.
    static let bytes = 1 << 48
    static let blocks = 1 << 36
    /// Entries of a temporary folder, and folders within each other.
    static let temporaryEntries = 10_000
    static let temporaryDepth = 32

    /// Above a process's memory limit, what it may allocate and not yet use (RLIMIT_DATA): twice the limit, for
    /// allocators reserve, and 256 MB for the stacks of threads, of 8 MB each.
    static func data(memory: Int) -> UInt64 { UInt64(clamping: memory) &* 2 &+ (256 << 20) }
    /// Processes are that much nicer than the host (nice(2)), and have that weight in cgroups, of 100.
    static let niceness: Int32 = 5
    static let cpuWeight = 50
}
