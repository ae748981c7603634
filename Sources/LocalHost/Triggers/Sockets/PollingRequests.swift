internal import Wire

/// A poll that waits for packets.
struct WaitingPoll {
    let connection: HTTPConnection
    let request: HTTPRequest
}

/// A POST whose packets are being taken, one by one: the next may have to wait for room.
struct ArrivingPost {
    let connection: HTTPConnection
    let request: HTTPRequest
    var packets: EngineIOPayload.Packets
}
