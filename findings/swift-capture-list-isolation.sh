#!/bin/sh
# Swift 6.3.1: with the upcoming feature NonisolatedNonsendingByDefault an asynchronous closure goes on where its caller
# is isolated (SE-0461) - but not one that has a capture list: `{ [self] in await f() }` is of no actor, though its type
# is the same, even where that is written out as nonisolated(nonsending). Nothing is said of it at compile time. What it
# costs: an actor with an executor of its own (an event loop) that calls it has each `await` in it go through the
# executor's queue instead of going on in place. `{ await self.f() }`, without the list, is as the proposal says.
#
# Needs swiftc, and no network: compiles 20 lines in a temporary folder and runs them. Fails where that has changed.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cat > "$folder/main.swift" <<'SWIFT'
actor Caller {
    func call(_ work: nonisolated(nonsending) () async -> Void) async { await work() }
}
func tell(_ name: String) async {
    let isolation: (any Actor)? = #isolation
    print(name, isolation == nil ? "no actor" : "the caller's actor")
}
final class Subject: Sendable {
    func tell(_ name: String) async { await main.tell(name) }
    func run() async {
        await Caller().call { await self.tell("without a list:") }
        await Caller().call { [self] in await tell("with a list:") }
        let word = "with another:"
        await Caller().call { [word] in await main.tell(word) }
    }
}
await Subject().run()
SWIFT
swiftc -swift-version 6 -enable-upcoming-feature NonisolatedNonsendingByDefault -module-name main \
    -o "$folder/program" "$folder/main.swift"
swiftc --version 2>/dev/null | head -n 1
"$folder/program" | tee "$folder/said"
cmp -s - "$folder/said" <<'TEXT' || { echo "This has changed." >&2; exit 1; }
without a list: the caller's actor
with a list: no actor
with another: no actor
TEXT
