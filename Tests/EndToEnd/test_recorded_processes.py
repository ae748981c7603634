"""A recording of several processes: workers, functions' own programs and commands beside them."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from host import BINARY, PATIENCE, ROOT, HostTestCase, environment
from player import Player
from test_function_programs import FOLDER, RuntimeAPI, http_event

WORKERS = 3


class Recorded(HostTestCase):
    variables = {"PLAYER_ACTION_RATE": "100000/second", "STORY_RATE": "100000/second", "LOG_LEVEL": "debug"}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-recorded-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.recording = self.folder / "recording"
        self.store = str(self.folder / "g.db")

    def launch(self, *options, **variables):
        return super().launch(("--port", "0", "--record", str(self.recording), *options), **variables)

    def serve(self, *options, **variables):
        self.host = self.launch(*options, **variables).wait_until_serving()
        return self.host

    def files(self):
        return sorted(self.recording.glob("events*.ndjson"), key=lambda path: (len(path.name), path.name))

    def lines(self, kind="invocation"):
        """What the whole lines of all files tell."""
        texts = [line for path in self.files() for line in path.read_text().splitlines(keepends=True)]
        lines = [json.loads(line) for line in texts if line.endswith("\n")]
        return [line for line in lines if line["kind"] == kind]

    def replay(self, *options):
        return subprocess.run(
            [BINARY, "replay", self.recording, *options], cwd=ROOT, env=environment(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def settle(self):
        self.eventually(lambda: self.rows("SELECT count(*) FROM job") == [(0,)], "no job left", 60)

    def workers(self):
        """The processes that serve now, by their number."""
        return {entry["worker"]: entry["pid"] for entry in self.host.log if entry["message"] == "Worker started"}

    def play(self, tokens, rounds, begun=None):
        """All players at once, over HTTP and sockets; what goes wrong for a client is its own affair."""

        def act(number, token):
            socket = None
            for count in range(rounds):
                try:
                    body = {"type": ["say", "look", "move"][count % 3], "text": f"{number}-{count}"}
                    if body["type"] == "move":
                        body["location_id"] = ["market", "tavern", "moon"][number % 3]
                    if number % 2:
                        socket = socket or Player(self.host, token).connect()
                        socket.call("player_action", body)
                    else:
                        self.host.request("POST", "/api/player/action", body, token=token)
                except Exception:  # a worker was killed with it
                    socket = None
                if begun and count == 2:
                    begun.release()
            if socket:
                socket.close()

        threads = [threading.Thread(target=act, args=item, daemon=True) for item in enumerate(tokens)]
        for thread in threads:
            thread.start()
        return threads

    def join(self, threads):
        for thread in threads:
            thread.join(PATIENCE * 4)
            self.assertFalse(thread.is_alive())


class RecordedWorkers(Recorded):
    def test_what_all_workers_do_is_one_recording(self):
        self.serve("--workers", str(WORKERS))
        tokens = [self.guest(f"guest {number}")["token"] for number in range(4)]
        # A command beside them writes its part as well.
        tokens += [self.token(f"player-{number}") for number in range(2)]
        self.join(self.play(tokens, 12))
        self.settle()
        self.assertEqual(self.host.terminate(), 0)
        self.assertFalse(pathlib.Path(self.store + ".recording").exists())
        # The first file is that of the process which starts the workers: it does nothing itself.
        self.assertRegex(self.files()[0].read_text(), r'^{"kind":"end","number":\d+,"reason":"stopped"}\n$')
        self.assertGreaterEqual(len(self.files()), 1 + WORKERS + 2)
        self.assertEqual({"http", "socket", "queue"}, {
            line["event"]["type"].rsplit(".")[-1] for line in self.lines()})
        # One address has one stand-in, whoever had its connection.
        self.assertEqual(len({line["event"]["peer"] for line in self.lines() if "peer" in line["event"]}), 1)
        done = self.replay()
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        count = len(self.lines())
        self.assertGreater(count, 70)
        self.assertEqual(done.stdout, f"{count} replayed, {count} identical, 0 different\n")
        self.assertEqual(done.stderr, "")
        self.check_what_else_reads_it(count)

    def check_what_else_reads_it(self, count):
        listed = json.loads(self.replay("--list", "--json").stdout)["invocations"]
        self.assertEqual(len(listed), count)
        page = self.folder / "report.html"
        self.assertEqual(self.replay("--report", str(page)).returncode, 0)
        self.assertIn("<html", page.read_text())
        # Written anew, it is one file.
        place = '"location_id":"tavern"'
        path = next(path for path in self.files() if place in path.read_text())
        path.write_text(path.read_text().replace(place, '"location_id":"moon"'))
        self.assertEqual(self.replay().returncode, 1)
        self.assertEqual(self.replay("--update").returncode, 0)
        self.assertEqual([path.name for path in self.files()], ["events.ndjson"])
        self.assertEqual(self.replay().stdout, f"{count} replayed, {count} identical, 0 different\n")

    def test_a_worker_that_is_killed_leaves_all_that_can_be_replayed(self):
        self.serve("--workers", str(WORKERS))
        tokens = [self.guest(f"guest {number}")["token"] for number in range(6)]
        begun = threading.Semaphore(0)
        threads = self.play(tokens, 20, begun)
        for _ in tokens:
            self.assertTrue(begun.acquire(timeout=PATIENCE * 2))
        os.kill(self.workers()[1], signal.SIGKILL)
        self.assertTrue(self.host.logged(lambda entry: entry["message"] == "A worker serves again"))
        self.join(threads)
        for number in range(6):
            self.host.request("POST", "/api/player/action", {"type": "look"}, token=tokens[number])
        self.settle()
        self.assertEqual(self.host.terminate(), 0)
        done = self.replay()
        # What it had taken numbers for, and not told: a hole, where there was any.
        self.assertIn(done.returncode, (0, 3), done.stdout[-3000:] + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different(, \d+ not replayed: .*)?\n$")
        self.assertGreater(int(done.stdout.split()[0]), len(tokens) * 3)
        self.assertRegex(done.stderr, r"events-\d+\.ndjson was cut off: it has no end")
        if done.returncode == 3:
            self.assertRegex(done.stderr, r"numbers? \d+ .*of the store's order are not in the recording")

    def test_all_processes_killed_leave_a_recording(self):
        self.serve("--workers", str(WORKERS))
        tokens = [self.guest(f"guest {number}")["token"] for number in range(4)]
        begun = threading.Semaphore(0)
        threads = self.play(tokens, 20, begun)
        for _ in tokens:
            self.assertTrue(begun.acquire(timeout=PATIENCE * 2))
        workers = self.workers().values()
        self.host.kill()
        for worker in workers:
            self.eventually(lambda: not pathlib.Path(f"/proc/{worker}/stat").exists(), "the end of the workers")
        self.join(threads)
        done = self.replay()
        self.assertIn(done.returncode, (0, 3), done.stdout[-3000:] + done.stderr)
        self.assertIn(" 0 different", done.stdout)
        self.assertIn("was cut off", done.stderr)
        # Nobody records now: the next one begins anew.
        self.recording = self.folder / "again"
        self.serve("--workers", "2")
        self.guest()
        self.settle()
        self.assertEqual(self.host.terminate(), 0)
        self.assertEqual(self.replay().returncode, 0)

    def test_workers_need_to_be_the_only_ones_who_record(self):
        self.serve()
        self.recording = self.folder / "other"
        other = self.launch("--workers", "2")
        self.assertEqual(other.wait(), 1)
        self.assertIn("another process records the store", other.log[-1]["message"])


class RecordedPrograms(Recorded):
    def program(self, api, name="player-action"):
        process = subprocess.Popen(
            [FOLDER / f"function-{name}", "--store", self.store], cwd=ROOT,
            env=environment(AWS_LAMBDA_RUNTIME_API=api.address, AWS_LAMBDA_MAX_CONCURRENCY="4", **self.variables),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def act(self, api, token, count):
        """So many actions through the function's own program."""
        for number in range(count):
            api.put(http_event("POST", "/api/player/action", {"type": "say", "text": f"n {number}"}, token))
        for _ in range(count):
            self.assertEqual(api.answer()[2]["statusCode"], 202)

    def test_a_program_that_serves_before_during_and_after_a_recording(self):
        api = RuntimeAPI()
        self.addCleanup(api.close)
        token = self.token("player-1")
        process = self.program(api)
        self.act(api, token, 3)
        names = [self.folder / "first", self.folder / "second"]
        for self.recording in names:
            # It never stops while the recording begins.
            api.put(http_event("POST", "/api/player/action", {"type": "look"}, token))
            self.serve("--workers", "2")
            self.assertEqual(api.answer()[2]["statusCode"], 202)
            self.join(self.play([token] * 2, 4))
            self.act(api, token, 10)
            self.settle()
            self.assertEqual(self.host.terminate(), 0)
            self.act(api, token, 2)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)
        for self.recording in names:
            done = self.replay()
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
            self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different\n$")
            self.assertEqual(done.stderr, "")
            # API Gateway says where these come from; the host's own clients are elsewhere.
            peers = {line["event"].get("peer") for line in self.lines() if line["function"] == "player-action"}
            self.assertGreaterEqual(len(peers - {None}), 2)

    def test_a_program_that_is_killed_leaves_all_that_can_be_replayed(self):
        api = RuntimeAPI()
        self.addCleanup(api.close)
        self.serve()
        token = self.token("player-1")
        process = self.program(api)
        self.act(api, token, 10)
        for number in range(20):
            api.put(http_event("POST", "/api/player/action", {"type": "say", "text": f"m {number}"}, token))
        for _ in range(5):
            api.answer()
        process.kill()
        process.wait()
        self.join(self.play([token], 3))
        self.assertEqual(self.host.terminate(), 0)
        done = self.replay()
        self.assertIn(done.returncode, (0, 3), done.stdout[-3000:] + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different(, \d+ not replayed: .*)?\n$")
        self.assertGreaterEqual(int(done.stdout.split()[0]), 10)
        self.assertRegex(done.stderr, r"events-\d+\.ndjson was cut off: it has no end")

    def test_a_program_of_one_event_writes_its_part(self):
        self.serve()
        token = self.token("player-1")
        done = subprocess.run(
            [FOLDER / "function-player-action", "--store", self.store], cwd=ROOT,
            env=environment(**self.variables), capture_output=True, text=True, timeout=PATIENCE,
            input=json.dumps(http_event("POST", "/api/player/action", {"type": "look"}, token)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.settle()
        self.assertEqual(self.host.terminate(), 0)
        done = self.replay()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout[-3000:])


if __name__ == "__main__":
    unittest.main()
