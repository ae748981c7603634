internal import Glibc

/// glibc's malloc(3), as a host needs it.
enum Allocator {
    private static let tunables = [
        "glibc.malloc.tcache_count=160", "glibc.malloc.trim_threshold=4194304",
        "glibc.malloc.mmap_threshold=1048576",
    ].joined(separator: ":")

    /// Starts this program anew, under the same process id, with room for 160 freed blocks of a size in each thread's
    /// cache instead of 7 (https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html):
    /// requests come and go in bursts (docs/decisions/0015). The heap's end stays as well, up to 4 MiB: otherwise each burst
    /// moves it twice, and has its pages cleared by the kernel. Goes on as it is where the variable is set already, and
    /// where the program cannot be started. Must come first: nothing that is open should be lost.
    static func tune(_ environment: [String: String]) {
        guard environment["GLIBC_TUNABLES"] == nil else { return }
        // By its own path, so that the process keeps its name.
        guard let path = unsafe realpath(SupervisorSpawn.thisProgram, nil) else { return }
        defer { unsafe free(path) }
        guard unsafe setenv("GLIBC_TUNABLES", tunables, 1) == 0 else { return }
        _ = unsafe SupervisorSpawn.withCStrings(CommandLine.arguments) { unsafe execv(path, $0) }
    }
}
