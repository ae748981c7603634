"""Functions that break their limits, each in its way: in processes of the host, and alone. The table is limits.json."""

import concurrent.futures
import http.client
import json
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from host import Answer, environment
from processes import FUNCTIONS, Neighbours, ProcessTestCase, command, commands_of, zombies_of
from test_function_programs import RuntimeAPI

ROWS = json.loads((FUNCTIONS / "limits.json").read_text())["rows"]
# A machine that is busy starts Python slowly.
LONG = 60


def name_of(row):
    return row.get("as") or row.get("do") or "start-" + row["start"]


class InProcesses(ProcessTestCase):
    """What the host makes of it. Meanwhile others call, and notice nothing."""

    variables = {"PLAYER_ACTION_RATE": "100000/minute"}

    def written(self):
        functions = []
        for row in ROWS:
            limits = {"timeout": "1s"} | dict(
                part.split(": ") for part in row.get("limits", "").split(", ") if part)
            arguments = [row["start"]] if "start" in row else [self.folder]
            functions.append(f"""
  {name_of(row)}:
    command: {command("naughty.py", f"{self.folder}/{name_of(row)}", *arguments)}
    on: [{{ http: POST /{name_of(row)} }}]
    auth: none
    instances: 1
    {row.get("keys", "")}
    limits: {{ {", ".join(f"{key}: {value}" for key, value in limits.items())} }}""")
        return f"""version: 1
store: g.db
guests: true
auth: [{{ issuer: gestaloka, audience: gestaloka, algorithm: HS256, key: "{"k" * 40}" }}]
functions:
  guest-session:
    handler: GuestSession
    on: [{{ http: POST /api/session }}]
    auth: none
  player-action:
    handler: PlayerAction
    isolation: process
    concurrency-per-instance: 4
    warm: 1
    on: [{{ http: POST /api/player/action }}]
    limits: {{ timeout: 10s }}
  story-generation:
    handler: StoryGeneration
    on: [{{ queue: {{ name: story, batch: 64 }} }}]
  neighbour:
    command: {command("naughty.py", f"{self.folder}/neighbour", self.folder)}
    on: [{{ http: POST /neighbour }}]
    auth: none
    warm: 1
    limits: {{ timeout: 10s }}
{"".join(functions)}
"""

    def ask(self, name, do="nothing"):
        return self.host.request("POST", f"/{name}", {"do": do})

    def works(self, name, what="look-back"):
        """Asks until it is answered, and returns that: the only process may still be starting."""
        def answered():
            answer = self.ask(name, what)
            return answer.json if answer.status == 200 else None
        return self.eventually(answered, f"{name} works", LONG)

    def misbehave(self, row):
        """What comes of a row: a list of what is not as it should be."""
        name, faults = name_of(row), []
        status, kind, words = row["process"]
        if "start" in row:
            def refused():
                answer = self.ask(name)
                return answer if words in answer.body.decode() else None
            answer = self.eventually(refused, f"{name} fails as it should", LONG)
            pid = None
        else:
            pid = self.works(name)["pid"]
            answer = self.ask(name, row["do"])
        text = answer.body.decode(errors="replace")
        if answer.status != status or words not in text:
            faults.append(f"{name} was answered {answer}")
        elif kind and answer.json.get("type") != f"urn:problem-type:{kind}":
            faults.append(f"{name} was told {answer.json.get('type')}")
        if "Set-Cookie" in answer.headers:
            faults.append(f"{name} has set {answer.headers}")
        if "start" in row:
            return faults
        if not row.get("stays"):
            self.eventually(lambda: pid not in self.processes(f"{self.folder}/{name}"), f"{name}: {pid} is gone", LONG)
        after = self.works(name)
        if (after["pid"] == pid) != bool(row.get("stays")):
            faults.append(f"{name} is answered by {after['pid']} after {pid}")
        if after["seen"] != row.get("seen", [] if not row.get("stays") else after["seen"]):
            faults.append(f"{name} has seen {after['seen']}")
        if status != 200:
            lines = [
                entry for entry in list(self.host.log)
                if entry.get("function") == name and entry.get("problem") == kind and "request_id" in entry]
            if not lines:
                faults.append(f"the log says nothing of {name}")
        return faults

    def test_whatever_one_does_its_caller_is_told_and_nobody_else_notices(self):
        player = self.guest()
        requests = [
            (200, "POST", "/neighbour", {"do": "nothing"}),
            (201, "POST", "/api/session", {"name": "Ayu", "locale": "en"}),
            (202, "POST", "/api/player/action", {"type": "say", "text": "hello"}, player["token"]),
        ]
        self.eventually(lambda: self.instances("neighbour") == (0, 1, 0), "the neighbour is there", LONG)
        self.eventually(lambda: self.instances("player-action") == (0, 1, 0), "so is the other", LONG)
        with Neighbours(self.host, *requests) as neighbours, concurrent.futures.ThreadPoolExecutor(6) as pool:
            # Those that take longest begin first.
            rows = sorted(ROWS, key=lambda row: row.get("start") != "sleep")
            results = [(row, pool.submit(self.misbehave, row)) for row in rows]
            concurrent.futures.wait(future for _, future in results)
        for row, future in results:
            with self.subTest(name_of(row)):
                self.assertEqual(future.result(), [])
        self.assertEqual(neighbours.errors, [])
        self.assertGreater(min(neighbours.calls), 10)
        for row in ROWS:
            with self.subTest(name_of(row)):
                self.check_leavings(row)
        failing = json.loads(self.host.request("GET", "/readyz").body)["failing"]
        self.assertEqual(failing, sorted(name_of(row) for row in ROWS if "start" in row))
        self.eventually(lambda: not zombies_of(self.host.process.pid), "the host has waited for all")
        # Those that cannot start come and go.
        names = ["neighbour", "player-action", *map(name_of, ROWS)]
        self.eventually(
            lambda: len(list(self.temporary.iterdir())) == sum(sum(self.instances(name)) for name in names),
            "there is a temporary folder for each process, and no other")

    def check_leavings(self, row):
        """Of a function there is the one process that answered last, and nothing else; none where it cannot start."""
        name = name_of(row)
        if "start" in row:
            # It is tried again and again, so it may be there just now.
            self.assertEqual(self.instances(name)[1:], (0, 0))
            return
        self.eventually(lambda: self.instances(name) == (0, 1, 0), f"{name} is idle: {self.instances(name)}")
        self.eventually(
            lambda: len(self.processes(f"{self.folder}/{name}")) == 1,
            f"{name} has one process: {self.processes(f'{self.folder}/{name}')}")


class Ends(ProcessTestCase):
    """How processes end with their host, and what one can do to another."""

    def written(self):
        def function(name, **keys):
            lines = {"auth": "none", "instances": 1, "warm": 1, **keys}
            return f"""
  {name}:
    command: {command("naughty.py", f"{self.folder}/{name}", self.folder)}
    on: [{{ http: POST /{name} }}]
    {chr(10).join(f"    {key}: {value}" for key, value in lines.items()).strip()}"""
        return "version: 1\nstore: g.db\nfunctions:" + "".join((
            function("one", limits="{ timeout: 30s, processes: 4 }"),
            function("other", limits="{ timeout: 30s, processes: 4 }"),
            function("deaf", limits="{ timeout: 30s }"))) + "\n"

    def setUp(self):
        super().setUp()
        for name in ("one", "other", "deaf"):
            self.eventually(lambda: self.instances(name) == (0, 1, 0), f"{name} is there", LONG)

    def start(self, name, do):
        """Asks, and waits for no answer until that is asked for."""
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(self.host.request, "POST", f"/{name}", {"do": do})

    def all(self):
        return [pid for name in ("one", "other", "deaf") for pid in self.processes(f"{self.folder}/{name}")]

    def busy(self):
        """All three have something in hand; one has left a process that has no parent."""
        self.assertEqual(self.host.request("POST", "/one", {"do": "daemon"}).status, 200)
        self.assertEqual(self.host.request("POST", "/deaf", {"do": "ignore-term"}).status, 200)
        calls = [self.start("one", "whereabouts"), self.start("other", "whereabouts"), self.start("deaf", "sleep")]
        for name in ("one", "other", "deaf"):
            self.eventually(lambda: self.instances(name)[2] == 1, f"{name} is busy", LONG)
        self.assertEqual(len(self.all()), 4)
        return calls

    def test_a_host_that_stops_waits_for_what_is_in_hand_and_ends_the_rest(self):
        one, other, deaf = self.busy()
        self.host.process.send_signal(signal.SIGTERM)
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith("Stopping")))
        (self.folder / "go-on").touch()
        self.assertEqual((one.result(LONG).status, other.result(LONG).status), (200, 200))
        self.host.wait(LONG)
        self.assertEqual(self.all(), [])
        self.assertEqual(list(self.temporary.iterdir()), [])
        self.assertIsInstance(deaf.exception(LONG) or deaf.result(), (OSError, http.client.HTTPException, Answer))

    def test_a_host_that_stops_while_they_start_leaves_nothing(self):
        self.assertEqual(self.host.terminate(), 0)
        for _ in range(3):
            self.assertEqual(self.serve().terminate(), 0)
            self.assertEqual(self.all(), [])
            self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_host_that_is_killed_takes_them_along(self):
        calls = self.busy()
        self.host.kill()
        for call in calls:
            self.assertIsInstance(call.exception(LONG), (OSError, http.client.HTTPException))
        self.eventually(lambda: len(self.all()) <= 1, "its processes are gone")
        # Nobody is left to look for what they have started, nor for their folders.
        for pid in self.all():
            os.kill(pid, signal.SIGKILL)
        for folder in self.temporary.iterdir():
            shutil.rmtree(folder)

    def test_one_cannot_answer_for_another_that_it_knows_by_name(self):
        call = self.start("other", "whereabouts")
        entry = self.host.logged(lambda entry: entry["message"].startswith('{"address"'))
        victim = json.loads(entry["message"])
        self.assertEqual(self.host.request("POST", "/one", {"do": "look-back"}).status, 200)
        stolen = self.host.request("POST", "/one", {"do": "answer-another", "id": victim["id"]})
        self.assertEqual(stolen.status, 200, stolen)
        seen = self.host.request("POST", "/one", {"do": "look-back"}).json["seen"]
        self.assertEqual(set(seen), {400})
        self.assertFalse(call.done())
        (self.folder / "go-on").touch()
        self.assertEqual(call.result(LONG).json, {"own": True})


class Alone(unittest.TestCase):
    """What the Runtime API hears of it where no host is: nothing but the process's own end keeps a limit."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-limits-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def outcome(self, row):
        """What is heard first: an answer, an error, an end; or nothing until a second after the event was taken."""
        name = name_of(row)
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        api = RuntimeAPI()
        process = subprocess.Popen(
            [sys.executable, FUNCTIONS / "naughty.py", folder, row.get("start", "-")],
            env=environment(AWS_LAMBDA_RUNTIME_API=api.address, TMPDIR=folder), stdin=subprocess.DEVNULL,
            # Nobody reads what it writes: the pipe is full at some time.
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=restrict)
        try:
            id = api.put({"do": row.get("do")})
            took = "start" in row or api.handed_out.acquire(timeout=LONG)
            self.assertTrue(took, f"{name} has asked for nothing")
            return self.heard(api, process, id, 1 if row["alone"] == "deadline" else LONG)
        finally:
            for pid in [process.pid, *commands_of(folder)]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.communicate()
            api.close()

    def heard(self, api, process, id, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = process.poll()
            try:
                path = api.answers.get(timeout=0.02)[0].removeprefix("/2018-06-01/runtime/")
                told = {f"invocation/{id}/response": "answer", f"invocation/{id}/error": "error", "init/error": "init"}
                return told.get(path, path)
            except queue.Empty:
                if status is not None:
                    return f"exit code {status}" if status >= 0 else f"signal {-status}"
        return "deadline"

    def test_the_runtime_api_hears_what_the_table_says(self):
        rows = [row for row in ROWS if "alone" in row]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            results = [(row, pool.submit(self.outcome, row)) for row in rows]
        for row, future in results:
            with self.subTest(name_of(row)):
                self.assertEqual(future.result(), row["alone"])


def restrict():
    """So that what has no limit of the host's does no harm here."""
    resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.nice(5)


if __name__ == "__main__":
    unittest.main()
