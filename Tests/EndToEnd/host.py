"""A gestaloka host as a process of its own, and what a test needs to talk to it over HTTP."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GESTALOKA_BIN", ROOT / ".build/debug/gestaloka")).resolve()

# No wait is longer than this many seconds, unless it says so.
PATIENCE = 15


def environment(**variables):
    """What a process under test sees: nothing of the developer's own settings."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**inherited, **variables}


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def children(pid):
    """The processes that this one has started and that run, or have ended without its knowledge."""
    try:
        return [int(each) for each in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Host:
    """`gestaloka serve` (or another program's) on a free port of this machine. Its log lines are read as they come."""

    def __init__(self, store, variables=(), arguments=("--port", "0"), binary=BINARY, launcher=(), inherits=()):
        self.store = store
        self.log = []
        self._changed = threading.Condition()
        self._has_ended = False
        self.process = subprocess.Popen(
            [*launcher, binary, "serve", "--store", store, *arguments],
            cwd=ROOT,
            env=environment(**dict(variables)),
            pass_fds=inherits,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.port = None

    def _read_log(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.rstrip("\n")}
            with self._changed:
                self.log.append(entry)
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def logged(self, predicate, timeout=PATIENCE):
        """The first log entry that fits; None where there is none in time, or the process has ended without it."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = next((entry for entry in self.log if predicate(entry)), None)
                left = deadline - time.monotonic()
                if found is not None or self._has_ended or left <= 0:
                    return found
                self._changed.wait(left)

    def wait_until_serving(self):
        entry = self.logged(lambda entry: entry["message"].startswith("Serving on "))
        assert entry, f"the host does not serve: {self.log}"
        self.port = int(re.fullmatch(r"Serving on http://127\.0\.0\.1:(\d+)", entry["message"])[1])
        return self

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def request(self, method, path, body=None, token=None, headers=()):
        """One request on a connection of its own."""
        headers = dict(headers)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection = self.connection()
        try:
            connection.request(method, path, body=body, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def wait(self, timeout=PATIENCE):
        """The exit status, with the log read to its end."""
        status = self.process.wait(timeout)
        self._reader.join(timeout)
        return status

    def terminate(self):
        """Asks it to stop; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def insist(self, number):
        """Sends a signal again until the process has ended: it takes what comes soon behind another one for the same."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)

    @property
    def workers(self):
        """The processes that serve; the one that was started here only starts them."""
        return children(self.process.pid)

    @property
    def worker(self):
        """The one that serves, where there is one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if len(self.workers) == 1:
                return self.workers[0]
        raise AssertionError(f"there is not one worker: {self.workers}")

    def stand_still(self):
        """Stops it, and its workers."""
        # It first: it would start another one for a worker that does not answer.
        self.process.send_signal(signal.SIGSTOP)
        for worker in self.workers:
            os.kill(worker, signal.SIGSTOP)

    def go_on(self):
        for process in [*self.workers, self.process.pid]:
            os.kill(process, signal.SIGCONT)

    def kill(self):
        """Ends it, and its workers, without a chance to do anything more."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            for worker in self.workers:
                os.kill(worker, signal.SIGKILL)
            self.process.kill()
        return self.wait()


class HostTestCase(unittest.TestCase):
    """Starts a host for each test, with a store of its own, and stops it at the end."""

    # Environment variables of the host.
    variables = {}
    # The program, and options that all of its verbs get.
    binary = BINARY
    options = ()

    def run(self, result=None):
        self.hosts = []
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            for number, host in enumerate(self.hosts):
                print(f"\n-- the log of host {number} in {self.id()} ends with")
                for entry in host.log[-12:]:
                    print("   ", json.dumps(entry, ensure_ascii=False))
        return outcome

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-e2e-")
        self.addCleanup(folder.cleanup)
        self.store = os.path.join(folder.name, "g.db")
        self.host = self.serve()

    def serve(self, **variables):
        host = self.launch(**variables)
        return host.wait_until_serving()

    def launch(self, arguments=("--port", "0"), **variables):
        """Starts a host without waiting for it."""
        host = Host(self.store, {**self.variables, **variables}, (*arguments, *self.options), self.binary)
        self.hosts.append(host)
        self.addCleanup(self._end, host)
        return host

    def _end(self, host):
        if host.process.poll() is not None:
            host.process.stderr.close()
            return
        try:
            self.assertEqual(host.terminate(), 0, "the host did not stop cleanly")
        except subprocess.TimeoutExpired:
            host.kill()
            self.fail("the host did not stop in time")
        finally:
            host.process.stderr.close()

    def restart(self):
        self.assertEqual(self.host.terminate(), 0)
        self.host = self.serve()

    def command(self, *arguments, store=True, **variables):
        """Runs another verb on the same store."""
        options = ["--store", self.store, *self.options] if store else []
        return subprocess.run(
            [self.binary, *arguments, *options],
            cwd=ROOT,
            env=environment(**{**self.variables, **variables}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def token(self, player, *roles, **variables):
        options = [word for role in roles for word in ("--role", role)]
        done = self.command("token", "--player", player, *options, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def guest(self, name="traveller", locale="en"):
        answer = self.host.request("POST", "/api/session", {"name": name, "locale": locale})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def rows(self, query, *values):
        """Rows of the store, read beside the host."""
        database = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=PATIENCE)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def journal(self, kind):
        """The journal's entries of a kind, oldest first: (id, stream, body, time in milliseconds)."""
        rows = self.rows("SELECT id, stream, body, at FROM journal WHERE kind = ? ORDER BY number", kind)
        return [(id, stream, json.loads(body), at) for id, stream, body, at in rows]

    def assertProblem(self, problem, status):
        """Problem details (RFC 9457) of this status."""
        self.assertEqual(problem["status"], status, problem)
        for member in ("type", "title", "detail", "instance"):
            self.assertTrue(problem[member], problem)

    def eventually(self, found, what, timeout=PATIENCE):
        """Asks until the answer is true, which is returned."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while True:
            answer = found()
            if answer:
                return answer
            if time.monotonic() > deadline:
                self.fail(f"not within {timeout} s: {what}")
            pause.wait(0.02)
