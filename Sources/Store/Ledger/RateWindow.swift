package import Base

/// The hits of one counter inside its moving window.
///
/// As the `limits` library's moving window (slowapi's), not a fixed one: no burst of twice the limit at a boundary.
/// Up to 512 hits are kept to the millisecond; a larger limit is counted in steps of 1/512 of the window, each hit
/// taken to have come at its step's end, so that an answer errs only towards refusing. 12 bytes a step.
package struct RateWindow: Equatable {
    package static let exactHits = 512
    /// Times and windows are kept below this, far in the future, so that no sum of two can overflow.
    package static let lastTime: Int64 = 1 << 60

    package private(set) var steps: [Step] = []

    package struct Step: Equatable {
        /// The last millisecond of the step.
        package var time: Int64
        package var hits: UInt32
    }

    /// Counts a hit at `now` if the rule allows it. `isAllowed` false leaves the counter as it was.
    package mutating func hit(_ rule: RateRule, now: Timestamp) -> (isAllowed: Bool, status: RateStatus) {
        let window = Self.span(of: rule)
        let resolution = resolution(of: rule)
        let now = min(max(0, now.milliseconds), Self.lastTime)
        forget(before: now - window, after: now + resolution - 1)
        let used = steps.reduce(0) { $0 + Int($1.hits) }
        let isAllowed = used < rule.limit
        if isAllowed { add(at: now, resolution: resolution) }
        let oldest = steps.first.map { $0.time + window - now } ?? 0
        return (
            isAllowed,
            RateStatus(
                limit: rule.limit, window: rule.window,
                remaining: isAllowed ? rule.limit - used - 1 : 0,
                resetAfter: .milliseconds(max(0, oldest)))
        )
    }

    /// Takes the last hit back: another rule of the same request refused it.
    package mutating func takeBack() {
        guard let last = steps.indices.last else { return }
        if steps[last].hits > 1 { steps[last].hits -= 1 } else { steps.remove(at: last) }
    }

    /// When the counter no longer says anything.
    package func expiry(_ rule: RateRule) -> Timestamp {
        Timestamp(milliseconds: (steps.last?.time ?? 0) + Self.span(of: rule))
    }

    private func resolution(of rule: RateRule) -> Int64 {
        rule.limit <= Self.exactHits ? 1 : max(1, Self.span(of: rule) / Int64(Self.exactHits))
    }

    private static func span(of rule: RateRule) -> Int64 { min(max(1, rule.window.milliseconds), lastTime) }

    /// Drops what has left the window. A time after `latest`, the end of the present step, means that the clock was
    /// set back: such hits count as of now, so that nobody is locked out for longer than a window.
    private mutating func forget(before start: Int64, after latest: Int64) {
        if let kept = steps.firstIndex(where: { $0.time > start }) {
            if kept > 0 { steps.removeFirst(kept) }
        } else {
            steps.removeAll(keepingCapacity: true)
        }
        guard let last = steps.last, last.time > latest else { return }
        for index in steps.indices where steps[index].time > latest { steps[index].time = latest }
    }

    private mutating func add(at now: Int64, resolution: Int64) {
        let time = max(now - now % resolution + resolution - 1, steps.last?.time ?? .min)
        if let last = steps.indices.last, steps[last].time == time, steps[last].hits < .max {
            steps[last].hits += 1
        } else {
            steps.append(Step(time: time, hits: 1))
        }
    }
}

extension RateWindow {
    /// Reads what `encoded` wrote; anything else reads as an empty window.
    package init(encoded: [UInt8]) {
        guard encoded.count % 12 == 0, encoded.count <= 24 * Self.exactHits else { return }
        steps.reserveCapacity(encoded.count / 12 + 1)
        for start in stride(from: 0, to: encoded.count, by: 12) {
            let time = encoded[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let hits = encoded[start + 8..<start + 12].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            // A step's last millisecond may lie a resolution after its hit.
            guard time <= 2 * Self.lastTime, hits > 0, Int64(time) >= steps.last?.time ?? 0 else {
                steps = []
                return
            }
            steps.append(Step(time: Int64(time), hits: hits))
        }
    }

    /// Big-endian pairs of the step's time (8 bytes) and its hits (4 bytes), oldest first.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(steps.count * 12)
        for step in steps {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: step.time >> shift))
            }
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: step.hits >> shift))
            }
        }
        return bytes
    }
}
