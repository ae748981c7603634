/// glibc's malloc(3), as a host needs it.
enum Allocator {
    static let variable = "GLIBC_TUNABLES"
    private static let tunables = [
        "glibc.malloc.tcache_count=160", "glibc.malloc.trim_threshold=4194304",
        "glibc.malloc.mmap_threshold=1048576",
    ].joined(separator: ":")

    /// The environment in which a worker is started: with room for 160 freed blocks of a size in each thread's cache
    /// instead of 7 (https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html): requests come
    /// and go in bursts (docs/decisions/0015). The heap's end stays as well, up to 4 MiB: otherwise each burst moves it
    /// twice, and has its pages cleared by the kernel. As it is where the variable is set already.
    static func tuned(_ environment: [String: String]) -> [String: String] {
        environment[variable] == nil ? environment.merging([variable: tunables]) { $1 } : environment
    }
}
