internal import Synchronization

/// A text that comes in pieces from outside of the function's world, such as a language model's: what a replay gives
/// again as it was. See `Context.outside`.
public struct OutsideText: AsyncSequence, Sendable {
    public typealias Element = String
    public typealias Failure = any Error

    /// A piece, and how long it took to come after the one before.
    public struct Piece: Sendable, Equatable {
        /// The text.
        public let text: String
        /// The wait for it.
        public let delay: Duration

        /// A piece.
        public init(text: String, delay: Duration) {
            self.text = text
            self.delay = delay
        }
    }

    /// The pieces that were read, and how it ended if badly.
    public struct Record: Sendable, Equatable {
        /// In order.
        public var pieces: [Piece] = []
        /// The text of the error that ended it.
        public var failure: String?
        /// Whether it ended because the invocation was cancelled.
        public var isCut = false

        /// A text of pieces.
        public init(pieces: [Piece] = [], failure: String? = nil) {
            self.pieces = pieces
            self.failure = failure
        }
    }

    /// What ended a text when it was recorded.
    struct RecordedFailure: Error, CustomStringConvertible {
        let description: String
    }

    /// Keeps what is read.
    package final class Tape: Sendable {
        private let state = Mutex(Record())

        package init() {}

        package var record: Record { state.withLock { $0 } }

        package func add(_ piece: Piece) { state.withLock { $0.pieces.append(piece) } }

        package func end(_ failure: any Error) {
            state.withLock { state in
                state.failure = String(describing: failure)
                if failure is CancellationError || Task.isCancelled { state.isCut = true }
            }
        }

        /// There is no more: as it should be, or because who reads was cancelled.
        func end() { if Task.isCancelled { state.withLock { $0.isCut = true } } }
    }

    package enum Source: Sendable {
        case live(AsyncThrowingStream<String, any Error>, Tape, uptime: @Sendable () -> Duration)
        case recorded(Record)
    }

    package let source: Source

    package init(source: Source) { self.source = source }

    public func makeAsyncIterator() -> Iterator {
        switch source {
        case .live(let stream, let tape, let uptime):
            Iterator(live: stream.makeAsyncIterator(), tape: tape, uptime: uptime)
        case .recorded(let record): Iterator(record: record)
        }
    }

    /// Reads the pieces.
    public struct Iterator: AsyncIteratorProtocol {
        private var live: AsyncThrowingStream<String, any Error>.Iterator?
        private var tape: Tape?
        private var uptime: (@Sendable () -> Duration)?
        private var pieces: ArraySlice<Piece> = []
        private var failure: String?
        private var isCut = false
        private var last: Duration = .zero

        fileprivate init(
            live: AsyncThrowingStream<String, any Error>.Iterator, tape: Tape,
            uptime: @escaping @Sendable () -> Duration
        ) {
            self.live = live
            self.tape = tape
            self.uptime = uptime
            last = uptime()
        }

        fileprivate init(record: Record) {
            pieces = record.pieces[...]
            failure = record.failure
            isCut = record.isCut
        }

        public mutating func next() async throws -> String? { try await next(isolation: #isolation) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> String? {
            guard live != nil else {
                if let piece = pieces.popFirst() { return piece.text }
                // Who reads is cancelled here again.
                if isCut { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                guard let failure else { return nil }
                if isCut, failure == String(describing: CancellationError()) { throw CancellationError() }
                throw RecordedFailure(description: failure)
            }
            let next: String?
            do {
                next = try await live?.next(isolation: actor)
            } catch {
                tape?.end(error)
                throw error
            }
            guard let text = next else {
                tape?.end()
                return nil
            }
            if let uptime, let tape {
                let now = uptime()
                tape.add(Piece(text: text, delay: now - last))
                last = now
            }
            return text
        }
    }
}
