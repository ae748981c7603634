@testable import Functions
@testable import Manifest
import Runtime

/// Manifests: each problem has a place in the text, no line shows a key, and the same text says the same again.
func fuzzManifest(_ input: [UInt8]) {
    let bytes = Pieces.stretched(input)
    let secret = "a-secret-that-no-message-shows"
    let environment = ["SECRET_KEY": secret, "NAME": "value", "EMPTY": "", "RATE": "3/minute"]
    let lines = bytes.count { $0 == 0x0a || $0 == 0x0d || $0 == 0x85 || $0 == 0xA8 || $0 == 0xA9 } + 2
    func read() -> Result<Manifest, ManifestError> {
        do throws(ManifestError) {
            return .success(try Manifest(yaml: bytes, file: "functions.yaml", environment: environment))
        } catch { return .failure(error) }
    }
    switch read() {
    case .success(let manifest):
        require(Set(manifest.functions.map(\.name)).count == manifest.functions.count, "names are unique")
        for function in manifest.functions {
            require((1...63).contains(function.name.utf8.count), "a name is within its limit")
            require(function.limits.body >= 1 && function.limits.concurrency >= 1, "limits leave something")
            require(function.limits.timeout > .zero, "there is time for a function")
        }
    case .failure(let error):
        require(
            (1...ManifestBounds.problems).contains(error.problems.count),
            "there is a problem, and not too many")
        for problem in error.problems {
            require((1...lines).contains(problem.line) && problem.column >= 1, "a problem has a place")
            require(!problem.description.utf8.contains { $0 < 0x20 || $0 == 0x7f }, "a problem is one line")
            require(!problem.description.contains(secret), "no problem shows a key")
        }
    }
    require(read() == read(), "the same text says the same")
}
