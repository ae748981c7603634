import FoundationEssentials
import Glibc

/// The fuzzers by name. Each takes any bytes, and stops the process where a promise of the parser is broken; a trap is
/// one, too, and so is an input that takes longer than script/fuzz allows.
let fuzzers: [String: @Sendable ([UInt8]) -> Void] = [
    "http": fuzzHTTP,
    "responses": fuzzResponses,
    "websocket": fuzzWebSocket,
    "engineio": fuzzEngineIO,
    "socketio": fuzzSocketIO,
    "json": fuzzJSON,
    "tokens": fuzzTokens,
    "manifest": fuzzManifest,
    "recording": fuzzRecording,
    "events": fuzzEvents,
]

/// The one that this process runs.
private let chosen: @Sendable ([UInt8]) -> Void = {
    let name = ProcessInfo.processInfo.environment["FUZZER"] ?? ""
    guard let fuzzer = fuzzers[name] else {
        say("FUZZER must be one of \(fuzzers.keys.sorted().joined(separator: ", "))")
        exit(2)
    }
    return fuzzer
}()

/// libFuzzer calls this with every input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Stops the process where a promise is broken; libFuzzer then keeps the input.
func require(_ isKept: Bool, _ promise: @autoclosure () -> String) {
    guard !isKept else { return }
    say("BROKEN: " + promise())
    abort()
}

private func say(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}
