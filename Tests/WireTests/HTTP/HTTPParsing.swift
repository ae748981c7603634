import Base
import Wire

/// What came out of a parser until it wanted more or failed.
struct HTTPParsing: Equatable {
    var steps: [HTTPRequestParser.Step] = []
    var failure: HTTPParseError?

    var requests: [HTTPRequest] {
        steps.compactMap { step in
            if case .request(let request) = step { return request }
            return nil
        }
    }

    init(_ text: String, limits: HTTPLimits = .standard) {
        self.init([Array(text.utf8)[...]], limits: limits)
    }

    init(_ pieces: [ArraySlice<UInt8>], limits: HTTPLimits = .standard) {
        var parser = HTTPRequestParser(limits: limits)
        for piece in pieces {
            parser.append(piece)
            do throws(HTTPParseError) {
                loop: while true {
                    let step = try parser.next()
                    if case .needMore = step { break loop }
                    steps.append(step)
                }
            } catch {
                failure = error
            }
        }
    }
}
