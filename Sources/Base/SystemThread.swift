internal import CLinux
internal import Glibc

/// A thread of the operating system, for work that blocks: it must not occupy a thread of the concurrency runtime.
package struct SystemThread: Sendable {
    private let id: pthread_t

    /// Starts `body` on a new thread; `name` is at most 15 bytes.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Body(run: body, name: name))
        var id = pthread_t()
        let code = unsafe pthread_create(
            &id, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe clinux_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError("thread \(name)", code: code)
        }
        self.id = id
    }

    /// Waits until the thread has ended; once a thread.
    package func join() { _ = pthread_join(id, nil) }

    /// Lets it end by itself, with nobody waiting; instead of `join`.
    package func detach() { _ = pthread_detach(id) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        let name: String
        init(run: @escaping @Sendable () -> Void, name: String) {
            self.run = run
            self.name = name
        }
    }
}
