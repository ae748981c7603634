"""`serve` and its parent: what becomes of a host that dies or hangs, and what a service manager is told and passes."""

import collections
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from host import BINARY, PATIENCE, ROOT, Host, HostTestCase

# Runs a program with a socket as descriptor 3, and says so as a service manager does (sd_listen_fds(3)).
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="gestaloka.socket", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


class SupervisedTestCase(HostTestCase):
    variables = {
        "PLAYER_ACTION_RATE": "100000/second",
        "STORY_RATE": "100000/second",
        "LOG_LEVEL": "debug",
    }

    def messages(self, message, host=None):
        return [entry for entry in (host or self.host).log if entry["message"] == message]

    def act(self, token):
        """One action on a connection of its own: its id; None where the connection ended without an answer."""
        connection = self.host.connection()
        # Refused is what nobody may ever be.
        connection.connect()
        try:
            connection.request(
                "POST", "/api/player/action", body='{"type":"look"}',
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            response = connection.getresponse()
            body = json.loads(response.read())
            self.assertEqual(response.status, 202, body)
            return body["action_id"]
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def killed_under_load(self, deaths):
        """Kills whoever serves, again and again, under load: the actions that were answered."""
        token = self.token("player")
        answered, refused, stop = [], [], threading.Event()

        def play():
            while not stop.is_set():
                try:
                    answered.append(self.act(token))
                except Exception as error:
                    refused.append(error)

        threads = [threading.Thread(target=play, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(deaths):
            before, returned = len(answered), len(self.messages("A worker serves again"))
            self.eventually(lambda: len(answered) > before + 20, "answers")
            os.kill(self.host.workers[0], signal.SIGKILL)
            self.eventually(lambda: len(self.messages("A worker serves again")) > returned, "its return")
        before = len(answered)
        self.eventually(lambda: len(answered) > before + 20, "answers")
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive())
        self.assertEqual(refused, [])
        return [each for each in answered if each]


class Supervised(SupervisedTestCase):
    def test_a_host_that_is_killed_under_load_is_back_at_once_refuses_nobody_and_has_kept_what_it_answered(self):
        first = self.host.worker
        answered = self.killed_under_load(3)
        self.assertNotEqual(self.host.worker, first)
        kept = {id for id, _, _, _ in self.journal("action")}
        self.assertEqual(set(answered) - kept, set(), "answered, but not in the journal")
        told = lambda: collections.Counter(id for _, _, s, _ in self.journal("story") for id in s["action_ids"])
        self.eventually(lambda: set(told()) >= kept, "a story for every action", timeout=30)
        self.assertEqual(set(told().values()), {1})
        ends = self.messages("A worker has ended")
        self.assertEqual([(end["signal"], end["again_in_ms"]) for end in ends], [(9, 0), (9, 100), (9, 200)])
        serving = [entry for entry in self.host.log if entry["message"].startswith("Serving on ")]
        self.assertEqual(len(serving), 1)
        self.assertNotIn("workers", serving[0])

    def test_it_starts_and_stops_with_one_line_each(self):
        self.assertEqual(self.host.terminate(), 0)
        lines = [entry for entry in self.host.log if entry["level"] != "debug"]
        self.assertEqual(
            [re.sub(r"http.*", "", entry["message"]) for entry in lines],
            ["Serving on ", "Stopping: finishing what is in flight", "Stopped"])

    def test_a_host_that_hangs_is_replaced_and_who_waited_is_answered(self):
        token, hung = self.token("player"), self.host.worker
        os.kill(hung, signal.SIGSTOP)
        told = self.host.logged(lambda entry: "does not answer" in entry["message"], timeout=120)
        self.assertEqual((told["level"], told["pid"]), ("error", hung))
        self.assertTrue(self.host.logged(lambda entry: entry["message"] == "A worker serves again"))
        self.assertNotEqual(self.host.worker, hung)
        self.assertTrue(self.act(token))

    def test_the_host_ends_with_its_parent(self):
        worker = self.host.worker
        self.host.process.kill()
        # Its log ends when both have ended.
        self.assertEqual(self.host.wait(), -signal.SIGKILL)
        self.assertFalse(pathlib.Path(f"/proc/{worker}/fd/0").exists())
        self.host = self.serve()

    def test_a_second_signal_ends_a_host_that_does_not_stop(self):
        os.kill(self.host.worker, signal.SIGSTOP)
        self.host.process.send_signal(signal.SIGTERM)
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith("Stopping")))
        self.host.insist(signal.SIGTERM)
        self.assertEqual(self.host.wait(), 1)
        self.assertEqual(self.host.log[-1]["unfinished"], 1)

    def test_a_signal_that_comes_twice_is_one(self):
        # As timeout(1) sends it: to its child, and then to the group.
        for signals in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)):
            for each in signals:
                self.host.process.send_signal(each)
            self.assertEqual(self.host.wait(), 0)
            self.assertEqual(self.host.log[-1]["message"], "Stopped")
            self.host = self.serve()

    def test_a_host_that_is_started_again_goes_on_with_the_recording(self):
        self.assertEqual(self.host.terminate(), 0)
        with tempfile.TemporaryDirectory(prefix="gestaloka-e2e-") as folder:
            monday = os.path.join(folder, "monday")
            self.host = self.launch(("--port", "0", "--record", monday)).wait_until_serving()
            token = self.token("player")
            self.assertTrue(self.act(token))
            os.kill(self.host.worker, signal.SIGKILL)
            self.assertTrue(self.host.logged(lambda entry: entry["message"] == "A worker serves again"))
            action = self.act(token)
            self.assertEqual(self.host.terminate(), 0)
            done = self.command("replay", monday, store=False)
            # What was not yet written of the one that was killed may be missing.
            self.assertIn(done.returncode, (0, 3), done.stderr)
            lines = "".join(file.read_text() for file in pathlib.Path(monday).glob("*.ndjson"))
            self.assertIn(action, lines)


class Manager:
    """A service manager's socket (sd_notify(3)): what it is told, in order."""

    def __init__(self, name):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self.name = name
        self.heard = []

    def next(self, timeout=PATIENCE):
        """The next message; None where none comes in time."""
        if not select.select([self._socket], [], [], timeout)[0]:
            return None
        message = self._socket.recv(65_536).decode().split("\n")
        self.heard.append(message)
        return message

    def until(self, wanted, timeout=PATIENCE):
        """The next message that has this assignment; what came before it has been heard."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            message = self.next(left)
            if message and wanted in message:
                return message
        raise AssertionError(f"not told within {timeout} s: {wanted}; but {self.heard[-5:]}")

    def close(self):
        self._socket.close()


class Told(SupervisedTestCase):
    """What the one is told who has started the host."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-notify-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        super().setUp()

    def managed(self, name=None, **variables):
        manager = Manager(name or os.path.join(self.folder, "notify"))
        self.addCleanup(manager.close)
        self.assertEqual(self.host.terminate(), 0)
        self.host = self.launch(NOTIFY_SOCKET=manager.name, **variables)
        return manager

    def test_it_is_told_of_readiness_of_a_death_of_the_return_and_of_the_stop(self):
        for name in (None, f"@gestaloka-e2e-{os.getpid()}"):
            manager = self.managed(name)
            ready, status = manager.next()
            self.host.wait_until_serving()
            self.assertEqual((ready, status), ("READY=1", f"STATUS=Serving on {self.host.url}"))
            self.assertEqual(self.host.request("GET", "/readyz").status, 200)
            os.kill(self.host.worker, signal.SIGKILL)
            self.assertEqual(manager.next(), ["STATUS=Worker 0 has ended and is started again"])
            self.assertEqual(manager.next(), [status])
            variables = pathlib.Path(f"/proc/{self.host.worker}/environ").read_bytes()
            self.assertNotIn(b"NOTIFY_SOCKET", variables)
            self.host.process.send_signal(signal.SIGTERM)
            stopping = manager.next()
            self.assertEqual(stopping[0], "STOPPING=1")
            self.assertRegex(stopping[-1], r"EXTEND_TIMEOUT_USEC=\d{8}$")
            self.assertEqual(self.host.wait(), 0)
            self.assertIsNone(manager.next(0))
            self.host = self.serve()

    def test_it_is_told_that_the_host_lives_only_while_that_answers(self):
        manager = self.managed(WATCHDOG_USEC="2000000")
        for _ in range(4):
            manager.until("WATCHDOG=1")
        worker = self.host.worker
        os.kill(worker, signal.SIGSTOP)
        while manager.next(timeout=4):
            pass
        os.kill(worker, signal.SIGCONT)
        for _ in range(3):
            manager.until("WATCHDOG=1", timeout=60)
        self.assertNotIn("WATCHDOG_USEC", pathlib.Path(f"/proc/{self.host.worker}/environ").read_text())

    def test_one_that_cannot_be_told_is_a_warning_and_the_host_serves(self):
        for name in (os.path.join(self.folder, "nobody"), "vsock:2:1"):
            host = self.serve(NOTIFY_SOCKET=name)
            told = host.logged(lambda entry: entry["message"] == "The service manager could not be told")
            self.assertEqual(told["level"], "warning")
            self.assertIn("NOTIFY_SOCKET: ", told["error"])
            self.assertEqual(host.request("GET", "/readyz").status, 200)


class Passed(SupervisedTestCase):
    """A listening socket that is passed to the host."""

    def setUp(self):
        super().setUp()
        self.assertEqual(self.host.terminate(), 0)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.socket.close)
        self.port = self.socket.getsockname()[1]

    def passed(self, *arguments, given=None, launcher=PASS, **variables):
        given = given or self.socket
        host = Host(
            self.store, {**self.variables, **variables}, arguments, BINARY,
            launcher=(sys.executable, "-c", launcher, str(given.fileno())), inherits=(given.fileno(),))
        self.hosts.append(host)
        self.addCleanup(self._end, host)
        return host

    def refusal(self, *arguments, status=1, **more):
        host = self.passed(*arguments, **more)
        self.assertEqual(host.wait(), status)
        return "\n".join(entry["message"] for entry in host.log)

    def test_the_host_serves_on_it_and_connections_wait_for_the_next_host(self):
        self.host = self.passed().wait_until_serving()
        self.assertEqual(self.host.port, self.port)
        token = self.token("player")
        self.assertTrue(self.act(token))
        self.killed_under_load(2)
        self.assertNotIn("LISTEN_", pathlib.Path(f"/proc/{self.host.worker}/environ").read_text())
        self.assertEqual(self.host.terminate(), 0)
        waiting = self.host.connection()
        waiting.request("GET", "/readyz")
        self.host = self.passed().wait_until_serving()
        self.assertEqual(waiting.getresponse().status, 200)
        waiting.close()

    def test_several_workers_share_it(self):
        self.host = self.passed("--workers", "2").wait_until_serving()
        self.assertEqual(len(self.host.workers), 2)
        self.assertTrue(self.killed_under_load(4))
        self.assertEqual(len(self.host.workers), 2)

    def test_what_is_no_listening_socket_of_tcp_is_refused(self):
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            self.assertIn("none of the 1 that were passed is a stream", self.refusal(given=datagrams))
        with socket.socket() as silent:
            self.assertIn("descriptor 3 does not listen", self.refusal(given=silent))
        with socket.socket(socket.AF_UNIX) as local:
            local.bind(f"\0gestaloka-e2e-{os.getpid()}")
            local.listen()
            self.assertIn("no socket of TCP", self.refusal(given=local))
        for count, why in (("x", "no number of sockets"), ("-1", "no number"), ("7", "is not open")):
            launcher = PASS.replace('LISTEN_FDS="1"', f'LISTEN_FDS="{count}"')
            self.assertIn(f"LISTEN_FDS: ", self.refusal(launcher=launcher))
            self.assertIn(why, self.refusal(launcher=launcher))

    def test_an_address_beside_it_is_wrong_usage(self):
        for option in (("--port", "0"), ("--host", "127.0.0.1")):
            self.assertIn("--host and --port are its maker's", self.refusal(*option, status=2))

    def test_one_that_was_passed_to_another_process_is_not_taken(self):
        launcher = PASS.replace("str(os.getpid())", '"1"')
        self.host = self.passed("--port", "0", launcher=launcher).wait_until_serving()
        self.assertNotEqual(self.host.port, self.port)
        self.assertEqual(self.host.request("GET", "/readyz").status, 200)

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "there is no systemd-socket-activate")
    def test_systemd_socket_activate_passes_one_and_starts_the_host_for_its_first_client(self):
        self.socket.close()
        self.host = Host(
            self.store, self.variables, (), BINARY,
            launcher=("systemd-socket-activate", "-l", f"127.0.0.1:{self.port}", "-E", "LOG_LEVEL=info"))
        self.hosts.append(self.host)
        self.addCleanup(self._end, self.host)
        self.host.port = self.port
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith("Listening on")))
        self.assertEqual(self.host.request("GET", "/readyz").status, 200)
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith("Serving on")))
        self.assertEqual(self.host.request("GET", "/readyz").status, 200)


class Units(unittest.TestCase):
    """The units that docs/operations.md shows."""

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
    def test_systemd_finds_nothing_wrong_with_them(self):
        text = (ROOT / "docs/operations.md").read_text()
        blocks = re.findall(r"```ini\n# (gestaloka\.\w+)\n(.*?)```", text, re.DOTALL)
        self.assertEqual([name for name, _ in blocks], ["gestaloka.service", "gestaloka.socket"])
        with tempfile.TemporaryDirectory(prefix="gestaloka-units-") as folder:
            for name, unit in blocks:
                unit = unit.replace("/srv/gestaloka/gestaloka", str(BINARY)).replace("User=gestaloka", "User=root")
                pathlib.Path(folder, name).write_text(unit)
            done = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", *[os.path.join(folder, name) for name, _ in blocks]],
                capture_output=True, text=True, timeout=PATIENCE * 4)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
