"""AWS's own client for Python (awslambdaric) as a function: what a handler written for Lambda meets here."""

import concurrent.futures
import json
import shutil
import sys
import subprocess
import unittest
import urllib.parse

from host import BINARY, ROOT, environment
from processes import FUNCTIONS, Neighbours, ProcessTestCase
from test_limits import LONG
from wires import SocketIO

KEY = "a-key-for-tests-of-processes-only-0123456789"


class LambdaClientTestCase(ProcessTestCase):
    """A copy of the handlers' folder, which tests may change."""

    variables = {"SECRET_KEY": KEY, "PLAYER_ACTION_RATE": "100000/minute"}

    def functions(self):
        """The functions beside those of the game, as YAML."""
        return ""

    def written(self):
        self.handlers = self.folder / "handlers"
        shutil.copytree(FUNCTIONS / "client", self.handlers)
        return f"""version: 1
store: g.db
guests: true
auth: [{{ issuer: gestaloka, audience: gestaloka, algorithm: HS256, key: "${{SECRET_KEY}}" }}]
functions:
  guest-session:
    handler: GuestSession
    on: [{{ http: POST /api/session }}]
    auth: none
{self.functions()}"""

    def function(self, name, handler, on, **more):
        # The last word is nothing to the client: it shows whose process it is.
        command = [sys.executable, "-m", "awslambdaric", handler, str(self.folder)]
        lines = {"command": json.dumps(command), "directory": self.handlers, "on": on, "auth": "none", **more}
        return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in lines.items())

    def do(self, what="nothing", path="/own", **more):
        return self.host.request("POST", path, {"do": what}, **more)

    def works(self, path="/own"):
        def answered():
            answer = self.do(path=path)
            return answer.json if answer.status == 200 else None
        return self.eventually(answered, f"{path} works", LONG)

    def lines(self, **fields):
        """Messages of the log that have these fields."""
        return [
            entry["message"] for entry in list(self.host.log)
            if all(entry.get(name) == value for name, value in fields.items())]


class OneAtATime(LambdaClientTestCase):
    def functions(self):
        return self.function(
            "own", "app.handler", "[{ http: POST /own }, { http: GET /own }]", warm=1,
            limits="{ timeout: 10s, memory: 256MiB }")

    def setUp(self):
        super().setUp()
        self.pid = self.works()["pid"]

    def test_what_it_returns_is_the_answer(self):
        answer = self.do("base64")
        self.assertEqual((answer.status, answer.body), (201, b"\0\xff"))
        self.assertEqual(answer.headers.get_all("Set-Cookie"), ["a=b", "c=d"])
        self.assertEqual((answer.headers["Content-Type"], answer.headers["X-Own"]), ("image/png", "yes"))
        for what, status, kind, words in (
            ("nan", 502, "bad-answer", "not JSON"),
            ("object", 500, "failed", "Runtime.MarshalError: Unable to marshal response"),
            ("bytes", 500, "failed", "Runtime.MarshalError: Unable to marshal response"),
            ("raise", 500, "failed", "Mood: out of\nsorts: 悪い"),
        ):
            with self.subTest(what):
                answer = self.do(what)
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(answer.json["type"], f"urn:problem-type:{kind}")
                self.assertIn(words, answer.json["detail"])
        # None of that has ended it.
        self.assertEqual(self.works()["pid"], self.pid)
        # The client takes an exit for an error, tells it, and ends.
        answer = self.do("exit")
        self.assertIn(answer.status, (500, 502), answer)
        self.assertNotEqual(self.works()["pid"], self.pid)

    def test_it_sees_the_request_and_whose_function_it_is(self):
        event = self.host.request("GET", "/own?do=event&a=1&b=%C3%A9%20%26%3D&c=").json
        self.assertEqual(
            event["queryStringParameters"], {"do": "event", "a": "1", "b": "é &=", "c": ""}, event)
        query = urllib.parse.parse_qsl(event["rawQueryString"], keep_blank_values=True, strict_parsing=True)
        self.assertEqual(sorted(query), [("a", "1"), ("b", "é &="), ("c", ""), ("do", "event")])
        self.assertNotIn("body", event)
        event = self.do("event").json
        self.assertEqual((event["version"], event["routeKey"], event["rawPath"]), ("2.0", "POST /own", "/own"))
        self.assertEqual(json.loads(event["body"]), {"do": "event"})
        self.assertEqual(event["requestContext"]["http"]["method"], "POST")
        context = self.do("context").json
        self.assertEqual((context["name"], context["memory"]), ("own", "256"))
        self.assertTrue(0 < context["left"] <= 10_000, context)
        self.assertTrue(context["arn"].endswith(":function:own"), context)
        for name in ("SECRET_KEY", "PLAYER_ACTION_RATE", "STORE", "HOME"):
            self.assertNotIn(name, context["environment"])

    def test_what_it_says_is_in_the_log_a_message_a_line(self):
        answer = self.do("print")
        request = answer.headers["X-Request-Id"]
        self.eventually(lambda: len(self.lines(request_id=request, function="own")) >= 6, "all is logged")
        lines = self.lines(request_id=request, function="own")
        for line in ("one line", "and another", "a third: 三"):
            self.assertIn(line, lines)
        (warning,) = (line for line in lines if "a warning with" in line)
        self.assertRegex(warning, r"^\[WARNING\]\t[0-9TZ:.-]+\t\S+\ta warning with\ntwo lines$")
        answer = self.do("raise")
        request = answer.headers["X-Request-Id"]
        self.eventually(lambda: len(self.lines(request_id=request, function="own")) >= 3, "it is logged")
        (trace,) = (line for line in self.lines(request_id=request, function="own") if "Traceback" in line)
        self.assertIn("[ERROR] Mood: out of\nsorts: 悪い\nTraceback (most recent call last):\n", trace)
        self.assertIn("app.py\", line ", trace)
        self.assertIn("raise Mood(", trace)
        (report,) = (
            entry for entry in self.host.log
            if entry["message"] == "Instance report" and entry["request_id"] == request)
        self.assertEqual(report["error"], "Mood: out of\nsorts: 悪い")
        self.assertIn("in deeper\n", report["stack_trace"])

    def test_it_hears_that_it_is_to_end(self):
        self.assertEqual(self.host.terminate(), 0)
        self.assertIn("asked to end", self.lines(function="own"))


class SeveralAtATime(LambdaClientTestCase):
    """It starts a process for each of them, and looks after none."""

    def functions(self):
        return self.function(
            "own", "app.handler", "[{ http: POST /own }]", instances=1, warm=1,
            **{"concurrency-per-instance": 4}, limits="{ timeout: 10s, processes: 8 }")

    def test_each_of_its_processes_takes_events(self):
        self.works()
        pids = set()

        def enough():
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda _: self.do("sleep"), range(4)))
            self.assertEqual({answer.status for answer in answers}, {200}, answers)
            pids.update(answer.json["pid"] for answer in answers)
            return len(pids) == 4
        self.eventually(enough, "four answer", LONG)
        # One that is gone is not replaced: what it had in hand is over after its time, the others go on.
        request = self.do("print").headers["X-Request-Id"]
        self.eventually(lambda: "one line" in self.lines(request_id=request), "it is logged")
        answer = self.do("raise")
        self.assertEqual(answer.status, 500, answer)
        self.eventually(lambda: [line for line in self.lines(function="own") if "Traceback" in line], "it is logged")
        (trace,) = (line for line in self.lines(function="own") if "Traceback" in line)
        self.assertIn("Traceback (most recent call last):\n", trace)
        self.assertIn("raise Mood(", trace)

    def test_one_of_its_processes_that_is_gone_is_missed(self):
        self.works()
        answers = [self.do("exit")]
        self.assertIn(answers[0].status, (500, 502, 504), answers)
        self.works()


class Jobs(LambdaClientTestCase):
    def functions(self):
        mark = self.folder / "mark"
        self.variables = {**self.variables, "MARK": str(mark)}
        return f"""  player-action:
    handler: PlayerAction
    on: [{{ http: POST /api/player/action }}]
""" + self.function(
            "jobs", "app.work", "[{ queue: { name: story } }]", auth="player", environment="[MARK]",
            limits="{ timeout: 10s }"
        ) + self.function(
            "ticks", "app.work", "[{ schedule: every 1s }]", auth="player", environment="[MARK]",
            limits="{ timeout: 10s }")

    def test_jobs_and_times_are_plain_json_and_an_error_has_a_job_tried_again(self):
        token = self.guest()["token"]
        answer = self.host.request("POST", "/api/player/action", {"type": "say", "text": "fail"}, token)
        self.assertEqual(answer.status, 202, answer)
        worked = f'worked on {{"action_id": "{answer.json["action_id"]}"}}'
        self.eventually(lambda: worked in self.lines(function="jobs"), "the job is done", LONG)
        self.eventually(
            lambda: any(line.startswith('worked on {"time": "20') for line in self.lines(function="ticks")),
            "a time has come", LONG)
        self.eventually(lambda: self.rows("SELECT count(*) FROM job WHERE queue = 'story'") == [(0,)], "it is done")


class Sockets(LambdaClientTestCase):
    def functions(self):
        return self.function(
            "socket", "app.enter", "[{ socket: $connect }, { socket: message }]", auth="player", warm=1,
            limits="{ timeout: 10s }")

    def socket(self, player, *roles):
        socket = SocketIO(self.host.port, self.token(player, *roles))
        self.addCleanup(socket.close)
        return socket

    def test_a_connection_is_let_in_or_not_and_messages_are_answered(self):
        self.eventually(lambda: self.instances("socket") == (0, 1, 0), "it is there", LONG)
        socket = self.socket("ann")
        socket.connect()
        self.assertEqual(socket.call("message", {"a": [1, "é"]}), [{"said": {"a": [1, "é"]}, "by": "ann"}])
        (refused,) = socket.call("message", "refuse")
        self.assertEqual((refused["status"], refused["detail"]), (409, "Not now."))
        banned = self.socket("ben", "banned")
        self.assertProblem(banned.refused(auth={"token": banned.token})["data"], 403)


class Changes(LambdaClientTestCase):
    def functions(self):
        return self.function("own", "app.handler", "[{ http: POST /own }]", limits="{ timeout: 10s }") + self.function(
            "broken", "broken.handler", "[{ http: POST /broken }]", limits="{ timeout: 10s }")

    def ready(self):
        return self.host.request("GET", "/readyz")

    def test_what_cannot_be_imported_is_told_and_mended_by_a_change(self):
        self.assertEqual(self.works()["version"], "first")
        answer = self.do(path="/broken")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("No module named 'no_such_module'", answer.json["detail"])
        self.assertIn("Retry-After", answer.headers)
        self.assertEqual(self.ready().json["failing"], ["broken"])
        entry = self.host.logged(lambda entry: entry["message"] == "A function's process cannot start")
        self.assertIn("Runtime.ImportModuleError", entry["error"])
        # It is tried again later and later.
        def pauses():
            return [entry["again_in_ms"] for entry in list(self.host.log) if "again_in_ms" in entry]
        self.eventually(lambda: self.do(path="/broken").status == 503 and len(pauses()) >= 3, "it is tried again", LONG)
        self.assertEqual(pauses(), sorted(pauses()))
        self.assertLess(pauses()[0], pauses()[-1])
        broken = self.handlers / "broken.py"
        broken.write_text("def handler(event, context):\n    return {'pid': 0, 'mended': True}\n")
        self.assertIs(self.works("/broken")["mended"], True)
        self.assertNotIn("failing", self.ready().json)

    def test_a_change_is_taken_up_and_nobody_is_refused(self):
        first = self.works()
        app = self.handlers / "app.py"
        text = app.read_text()
        with Neighbours(self.host, (200, "POST", "/own", {"do": "nothing"})) as others:
            app.write_text(text + "\nnonsense here\n")
            self.eventually(lambda: self.ready().json.get("failing") == ["own"], "the change is no good", LONG)
            self.assertEqual(self.works()["pid"], first["pid"])
            app.write_text(text.replace('"first"', '"second"'))
            self.eventually(lambda: self.works()["version"] == "second", "the change is taken up", LONG)
            self.assertNotIn("failing", self.ready().json)
        self.assertEqual(others.errors, [])
        self.eventually(lambda: first["pid"] not in self.processes(), "the process of before is gone")

    def test_a_change_of_the_manifest_is_taken_up(self):
        self.works()
        # What a process gets is another thing now; a manifest that is wrong changes nothing.
        text = self.manifest.read_text()
        self.manifest.write_text(text + "  own:\n    nonsense: 1\n")
        told = "The manifest has changed and cannot be used"
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith(told)))
        self.works()
        self.manifest.write_text(text.replace("timeout: 10s }", "timeout: 10s, memory: 200MiB }", 1))
        self.eventually(lambda: self.do("context").json.get("memory") == "200", "the new limit is told", LONG)


class Recorded(LambdaClientTestCase):
    def functions(self):
        return self.function("own", "app.handler", "[{ http: POST /own }]", limits="{ timeout: 10s }")

    def launch(self, arguments=("--port", "0"), **variables):
        self.prepare()
        self.recording = self.folder / "recording"
        return super().launch((*arguments, "--record", str(self.recording)), **variables)

    def test_a_recording_of_foreign_functions_replays_without_a_process(self):
        self.works()
        for what in ("nothing", "print", "base64", "raise", "nan", "object", "event", "context"):
            self.do(what)
        self.guest()
        self.assertEqual(self.host.terminate(), 0)
        # Whoever started one would fail.
        shutil.rmtree(self.handlers)
        done = subprocess.run(
            [BINARY, "replay", self.recording], cwd=ROOT, env=environment(SECRET_KEY=KEY, TMPDIR=str(self.temporary)),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONG)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different\n$")


if __name__ == "__main__":
    unittest.main()
