internal import CTLS
internal import Glibc

/// A thread of the operating system for one request: it waits for a socket, which must not occupy a thread of the
/// concurrency runtime. A request takes seconds; to start a thread takes some twenty microseconds.
enum RequestThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts `body`; whether there is a thread for it. Nobody waits for its end. It does not end the process by SIGPIPE.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = unsafe Unmanaged.passRetained(Body(body))
        var id = pthread_t()
        let code = unsafe pthread_create(
            &id, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                ctls_ignore_broken_pipes()
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            return false
        }
        _ = pthread_detach(id)
        return true
    }
}
