internal import Base
public import Runtime

/// Every limit of a host that the manifest does not set: how many, how much, how long.
///
/// Beside it there are only the limits of the protocols, which stand with their codecs (`HTTPLimits`,
/// `WebSocketLimits`, `SocketIOLimits`, `EngineIOLimits`). What one thing is counted as, and how large a buffer is,
/// stands where it is used. `Tests/TidyTests/HostLimitTests.swift` keeps it so.
public struct HostLimits: Sendable {
    /// Processes that may serve together.
    public static let workers = 1...64
    /// Bytes that one worker hands to another at once: more than any request's head, which is what there is to hand
    /// over.
    static let workerMessageBytes = 128 << 10
    /// Bytes that may wait for one worker, if the system allows as many.
    static let workerInboxBytes: Int32 = 1 << 20
    /// Characters of a request's id that a client or a proxy has given it.
    static let requestIDBytes = 128
    /// Sockets that a service manager may pass; all but one are let go.
    static let passedSockets = 1_024
    /// For how many seconds a browser need not ask again what a page of another origin may send.
    static let preflightSeconds = 600
    /// Proxies that are believed behind one another.
    static let proxyHops = 16
    /// Time that a connection rests at most for one thing that was done for it.
    static let longestRest: Duration = .seconds(60)

    /// Open connections; more wait in the kernel's backlog until one closes.
    public var connections = 20_000
    /// Connections that the kernel holds for us (at most net.core.somaxconn, 4,096 as a rule).
    public var backlog: Int32 = 4_096
    /// Connections that are accepted in one turn of the loop.
    public var acceptedAtOnce = 16
    /// For each place that is free, so many may be one address's: of connections, and of links in no namespace.
    public var addressShare = 3
    /// Connections above its address's share that are told so; more are just closed.
    public var turnedAway = 64
    /// Addresses whose handshakes are counted, of each of two windows.
    public var countedAddresses = 32_768
    /// What is done for one connection in a turn of the loop, in bytes and what costs as much (`TurnCredit`).
    public var turnCredit = 8_192
    /// What is done for one connection a second, and how much of it without a pause, in the same.
    public var costPerSecond = 32 << 20
    public var costAtOnce = 64 << 10
    /// Events of one connection that no function takes, and new tokens.
    public var strayEvents = Rate(count: 100, window: .seconds(10))
    /// Bytes of all clients that have arrived and wait for their rest or their turn; beyond, the largest go.
    public var receivedBytes = 128 << 20
    /// Bytes that wait to be sent to all clients; beyond, the largest go.
    public var unsentBytes = 256 << 20
    /// Memory is given back to the system when so many bytes have waited and most of them are gone.
    public var trimmedPeak = 16 << 20
    /// Bytes that are read from a connection at once.
    public var readBytes = 65_536
    /// Bytes that are read in one turn of the loop; beyond, each connection that is ready gets the least.
    public var turnReadBytes = 256 << 10
    public var leastRead = 4_096
    /// Bytes of pipelined requests that wait while one is answered.
    public var pipelinedBytes = 65_536
    /// Bytes that wait to be sent to one connection; a client that reads more slowly is disconnected.
    public var sendBytes = 4 << 20
    /// Time for a request to arrive whole, from its first byte.
    public var requestTime: Duration = .seconds(15)
    /// Time that an idle connection is kept for its next request.
    public var idleTime: Duration = .seconds(75)
    /// Time that a closing connection is kept for the client: a WebSocket for its close frame, HTTP for its end after a
    /// refusal.
    public var closeTime: Duration = .seconds(5)
    /// Time for the answers to events that came before a client's goodbye, or before what broke the protocol.
    public var lastAnswers: Duration = .seconds(10)
    /// Bytes that are read from a closing connection and dropped, so that a client still gets to read its refusal.
    public var droppedBytes = 256 << 10
    /// Time that a client that was sent away is left to close its line itself.
    public var partingTime: Duration = .milliseconds(500)
    /// Sockets that wait for their `$connect`; more are sent away, to come back.
    public var waitingConnects = 16_384
    /// Time in which a `$disconnect`, or an answer of a client, must find its turn once it has a place.
    public var departTime: Duration = .seconds(10)
    /// The first and the longest pause before something is tried again that the host itself asks for.
    public var firstRetry: Duration = .milliseconds(20)
    /// The longest one.
    public var lastRetry: Duration = .seconds(1)
    /// Time for which bytes that arrive count as a sign of life, from a ping that has not been answered.
    public var messageTime: Duration = .seconds(120)
    /// How often at most a poll is answered for nothing, so that the client can go over to its WebSocket.
    public var noopInterval: Duration = .milliseconds(100)
    /// Packets of one answer to a poll: python-engineio's client takes no more (`payload.max_decode_packets`).
    public var pollPackets = 16
    /// Connections that are read at once when the store is compared with the sockets.
    public var comparedConnections = 500
    /// How often that is done.
    public var comparison: Duration = .seconds(10)
    /// Events of one socket that wait while an earlier one is handled.
    public var queuedEvents = 64
    /// Bytes of such events; the one that reaches it is the last.
    public var queuedEventBytes = 1 << 20
    /// For how long the text of the metrics is good.
    public var metricsAge: Duration = .milliseconds(100)
    /// Where a broadcast reaches at least so many sockets, the next ones may share their writes.
    public var gatheredSockets = 64
    /// For how long at most they are held back for that.
    public var gathering: Duration = .milliseconds(10)
    /// Namespaces that one client may be in.
    public var namespaces = 16
    /// Events of ours to one socket whose answers are awaited.
    public var openQuestions = 256
    /// Bytes that one poll takes along, if there is more than one packet.
    public var pollBytes = 1 << 20
    /// Rows of the outbox that are looked at at once for a client that has come back.
    public var scannedEffects = 2_000
    /// Groups of jobs of one queue that run at once, if the function's concurrency allows as many.
    public var runningGroups = 64
    /// How often at most a queue is looked at for jobs.
    public var claimInterval: Duration = .milliseconds(4)
    /// Times that a job is tried before it becomes a dead letter.
    public var jobAttempts = 5
    /// Times that a job's host may die, or stand still, while it runs.
    public var lostLeases = 5
    /// How long a host counts as alive after its last heartbeat; what its jobs' leases last.
    public var lease: Duration = .seconds(6)
    /// How often a host says that it is alive.
    public var heartbeat: Duration = .seconds(2)
    /// How often a host looks for commits of other processes.
    public var catchUp: Duration = .milliseconds(50)
    /// How long an ordinary failure of a job waits at least for the next attempt; doubled each time, so many times.
    public var jobPause: Duration = .seconds(1)
    public var jobPauseDoublings = 8
    /// How long a job waits at least that was refused for the moment.
    public var jobWait: Duration = .milliseconds(10)
    /// When a queue, or a schedule, is looked at again that could not be; a queue with nothing ready is looked at as often at least.
    public var queueRetry: Duration = .seconds(1)
    public var queueLook: Duration = .seconds(60)
    /// How late a scheduled time may be before it counts as missed.
    public var scheduleGrace: Duration = .seconds(30)
    /// When a schedule is looked at again at the latest: the clock may have been set.
    public var scheduleLook: Duration = .seconds(10)
    /// How often the store is rid of what nobody needs any more.
    public var trimInterval: Duration = .seconds(30)
    /// For how much longer than the recovery window a lost connection is kept, for a client that is just coming back.
    public var trimMargin: Duration = .seconds(30)
    /// When a client may come again that was sent away because there is too much at the moment.
    public var retryAfter: Duration = .seconds(1)
    /// How often is looked whether the store's files are still there.
    public var storeCheck: Duration = .seconds(1)
    /// How often a worker says that its loop turns.
    public var sign: Duration = .seconds(1)
    /// For how long a worker may say nothing; one that is silent for two such times in a row is ended.
    public var silence: Duration = .seconds(10)
    /// Bytes of an error that a function's runtime tells, and characters of it that are kept.
    static let faultBytes = 256 << 10
    static let faultCharacters = 4_000

    /// Invocations of one function that wait for one of its processes.
    public var waitingInvocations = 1_024
    /// By how much sooner than its time is over an invocation hears that it has found no process.
    public var patienceMargin: Duration = .milliseconds(50)
    /// Time for a process to ask for its first event.
    public var instanceStart: Duration = .seconds(10)
    /// Connections of a process beside those for its invocations.
    public var instanceConnections = 8
    /// The first and the longest pause before a process is started again that could not start.
    public var firstStartPause: Duration = .milliseconds(100)
    public var lastStartPause: Duration = .seconds(30)
    /// Time for a process to end that was asked to.
    public var instanceGrace: Duration = .seconds(2)
    /// How long after its time a function of ours may take to end an invocation by itself.
    public var overrunGrace: Duration = .milliseconds(100)
    /// How often processes are looked at that have nothing to do, and whether their programs have changed.
    public var instanceLook: Duration = .seconds(1)
    /// Files of a function's folder that are looked at for that.
    public var watchedFiles = 1_000
    /// How often at most the memory of a process is looked at for a report.
    public var memoryLook: Duration = .milliseconds(50)
    /// What a process without a limit is told that it may use.
    public var toldMemory = 1 << 30
    /// Bytes of a line, or a message, that a process writes; what is longer is cut.
    public var outputLine = 64 << 10
    /// How long a stop waits for what is in flight.
    public var drain: Duration = .seconds(10)

    /// The limits that are used where none are given.
    public init() {}
}
