"""A function as a program of its own: on standard input, and under a Lambda Runtime API of the test's own."""

import http.client
import http.server
import itertools
import json
import pathlib
import queue
import re
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from host import BINARY, PATIENCE, ROOT, environment

# The functions' programs are built with the other.
FOLDER = BINARY.parent


def http_event(method, path, body, token=None, id="req_1"):
    """An HTTP event of API Gateway, payload format 2.0."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "requestId": id,
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def socket_event(route, body, claims=None, id="req_2"):
    """A WebSocket event of API Gateway."""
    return {
        "requestContext": {
            "routeKey": route,
            "eventType": "MESSAGE",
            "requestId": id,
            "requestTimeEpoch": int(time.time() * 1000),
            "connectionId": "c1",
            "domainName": "example.com",
            **({"authorizer": claims} if claims else {}),
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


class RuntimeAPI:
    """The Lambda Runtime API, as far as a function sees it. Who answers what it does not have in hand is told 400."""

    def __init__(self):
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.asked = 0
        self.waiting = threading.Semaphore(0)
        self.handed_out = threading.Semaphore(0)
        self.ids = itertools.count(1)
        self.in_hand = set()
        # What the function is told of its answers.
        self.status = 202
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                assert self.path == "/2018-06-01/runtime/invocation/next", self.path
                api.asked += 1
                api.waiting.release()
                item = api.events.get()
                if item is None or isinstance(item, bytes):
                    self.wfile.write(item or b"")
                    self.close_connection = True
                    return
                headers, body = item
                api.in_hand.add(headers.get("Lambda-Runtime-Aws-Request-Id"))
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                api.handed_out.release()

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True
                    return
                status = api.status
                _, _, _, kind, id, *_ = self.path.split("/")
                if kind == "invocation" and id not in api.in_hand:
                    status = 400
                else:
                    api.in_hand.discard(id)
                    try:
                        body = json.loads(body)
                    except ValueError:
                        pass
                    api.answers.put((self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """A function that has ended has closed its connections."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for _ in range(16):
            self.events.put(None)

    def put(self, event, seconds=30, **headers):
        """Queues an event; its id."""
        id = headers.pop("id", None) or f"8476a536-e9f4-11e8-9739-{next(self.ids):012d}"
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        self.events.put(
            (
                {
                    "Lambda-Runtime-Aws-Request-Id": id,
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:1:function:f",
                    "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;"
                    "Parent=53995c3f42cd8ad8;Sampled=1",
                    **headers,
                },
                body,
            )
        )
        return id

    def say(self, data):
        """Queues bytes that are the answer to `next`, whatever they are; the connection ends with them."""
        self.events.put(data)

    def answer(self):
        """The next thing that is told: its path behind the API's version, its header fields, its JSON."""
        path, headers, body = self.answers.get(timeout=PATIENCE)
        assert path.startswith("/2018-06-01/runtime/"), path
        return path.removeprefix("/2018-06-01/runtime/"), headers, body


class FunctionPrograms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-alone-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "g.db"

    def run_once(self, name, event, *options, **variables):
        """The program with one event on standard input."""
        text = event if isinstance(event, str) else json.dumps(event)
        return subprocess.run(
            [FOLDER / f"function-{name}", "--store", self.store, *options], cwd=ROOT,
            env=environment(**variables), input=text, capture_output=True, text=True, timeout=PATIENCE)

    def guest(self):
        done = self.run_once(
            "guest-session", http_event("POST", "/api/session", {"name": "Ayu", "locale": "en"}))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def serve(self, name="player-action", *options, api=None, **variables):
        """The program under a Runtime API; both."""
        api = api or RuntimeAPI()
        self.addCleanup(api.close)
        process = subprocess.Popen(
            [FOLDER / f"function-{name}", "--store", self.store, *options], cwd=ROOT,
            env=environment(AWS_LAMBDA_RUNTIME_API=api.address, **variables), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return api, process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def rows(self, query):
        database = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=PATIENCE)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def action(self, token, text="hello", **more):
        return http_event("POST", "/api/player/action", {"type": "say", "text": text}, token, **more)

    # Standard input

    def test_an_event_on_standard_input_is_answered_and_kept(self):
        guest = self.guest()
        done = self.run_once("player-action", self.action(guest["token"]))
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertTrue(answer["action_id"].startswith("action_"), answer)
        self.assertEqual(self.rows("SELECT count(*) FROM journal WHERE kind = 'action'"), [(1,)])
        self.assertEqual(self.rows("SELECT count(*) FROM job"), [(1,)])

    def test_a_refusal_is_a_problem_with_status_1(self):
        done = self.run_once("player-action", self.action("nonsense"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["status"], 401)

    def test_a_cloud_event_is_taken(self):
        event = {
            "specversion": "1.0", "id": "e1", "source": "/t", "type": "app.gestaloka.direct",
            "authid": "player_1", "time": "2026-01-01T00:00:00Z", "data": {"type": "say", "text": "x"}}
        done = self.run_once("player-action", event)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("action_id", json.loads(done.stdout))

    def test_what_is_no_event_is_wrong_usage(self):
        for text in ("", "{}", "nonsense"):
            done = self.run_once("player-action", text)
            self.assertEqual(done.returncode, 2, done)
            self.assertEqual(done.stdout, "")
            self.assertIn("function-player-action: standard input: ", done.stderr)
        self.assertFalse(self.store.exists())

    def test_a_manifest_without_the_function_is_an_error(self):
        manifest = self.folder / "functions.yaml"
        text = (ROOT / "functions.yaml").read_text()
        manifest.write_text(text.replace("handler: PlayerAction", "handler: Other"))
        done = self.run_once("player-action", "{}", "--manifest", manifest)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            f"function-player-action: {manifest} has no function with the handler 'PlayerAction'\n")
        done = self.run_once("player-action", "{}", "--manifest", self.folder / "none.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.yaml", done.stderr)

    def test_production_refuses_what_it_refuses_there(self):
        done = self.run_once("player-action", self.action("x"), ENVIRONMENT="production", GUESTS="false")
        self.assertEqual(done.returncode, 1)
        self.assertIn("SECRET_KEY", done.stderr)

    def test_every_function_has_a_program_with_help_and_version(self):
        names = [
            "guest-session", "player-action", "story-generation", "socket-connect", "socket-disconnect",
            "broadcast"]
        for name in names:
            done = self.run_once(name, "", "--version")
            self.assertEqual((done.returncode, done.stdout), (0, f"function-{name} 0.1.0\n"))
        done = self.run_once("broadcast", "", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith("Usage: function-broadcast [OPTIONS]\n"), done.stdout)
        done = self.run_once("broadcast", "", "--nonsense")
        self.assertEqual(done.returncode, 2)

    def test_an_answer_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [FOLDER / "function-broadcast", "--help"], cwd=ROOT, env=environment(), stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "standard output cannot be written: No space left on device\n")
        done = subprocess.run(
            ["sh", "-c", '"$0" --help >&-', FOLDER / "function-broadcast"], cwd=ROOT, env=environment(),
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output cannot be written", done.stderr)

    # HTTP

    def test_a_port_has_the_functions_routes_and_no_others(self):
        token = self.guest()["token"]
        process = subprocess.Popen(
            [FOLDER / "function-player-action", "--store", self.store], cwd=ROOT,
            env=environment(PORT="0"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        entry = json.loads(process.stderr.readline())
        port = int(re.fullmatch(r"Serving on http://0\.0\.0\.0:(\d+)", entry["message"])[1])

        def request(method, path, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            self.addCleanup(connection.close)
            connection.request(
                method, path, json.dumps(body),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        status, answer = request("POST", "/api/player/action", {"type": "say", "text": "hello"})
        self.assertEqual(status, 202, answer)
        self.assertIn("action_id", answer)
        self.assertEqual(request("POST", "/api/session", {"name": "A"})[0], 404)
        # Nor are sockets: nobody here asks who connects.
        self.assertEqual(request("GET", "/socket.io/?EIO=4&transport=polling")[0], 404)
        self.assertEqual(request("GET", "/healthz")[0], 200)
        # Nobody here does the job.
        self.assertEqual(self.rows("SELECT count(*) FROM job"), [(1,)])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)

    # The Lambda Runtime API

    def test_events_are_answered_in_the_formats_of_api_gateway(self):
        guest = self.guest()
        api, _ = self.serve()
        id = api.put(self.action(guest["token"], id="req_9"), **{"Lambda-Runtime-Invocation-Id": "inv-7"})
        path, headers, answer = api.answer()
        self.assertEqual(path, f"invocation/{id}/response")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Lambda-Runtime-Invocation-Id"], "inv-7")
        self.assertEqual(answer["statusCode"], 202, answer)
        self.assertIs(answer["isBase64Encoded"], False)
        self.assertIn("action_id", json.loads(answer["body"]))
        fields = answer["headers"]
        self.assertEqual(fields["Content-Type"], "application/json")
        self.assertEqual(fields["X-Request-Id"], "req_9")
        self.assertEqual(fields["X-RateLimit-Limit"], "30")
        self.assertEqual(fields["X-RateLimit-Remaining"], "29")
        self.assertIn("RateLimit-Policy", fields)
        # The trace of X-Ray goes on.
        self.assertTrue(fields["traceparent"].startswith("00-5759e988bd862e3fe1be46a994272793-"), fields)

        claims = {"sub": guest["player_id"], "sid": guest["session_id"]} if "session_id" in guest else {
            "sub": guest["player_id"]}
        id = api.put(socket_event("player_action", {"type": "say", "text": "x"}, claims))
        path, headers, answer = api.answer()
        self.assertEqual(path, f"invocation/{id}/response")
        self.assertNotIn("Lambda-Runtime-Invocation-Id", headers)
        self.assertEqual(sorted(answer), ["body", "statusCode"])
        self.assertEqual(answer["statusCode"], 202, answer)
        self.assertIn("action_id", json.loads(answer["body"]))

        api.put(self.action(guest["token"] + "x"))
        _, _, answer = api.answer()
        self.assertEqual(answer["statusCode"], 401)
        self.assertEqual(answer["headers"]["Content-Type"], "application/problem+json")
        self.assertEqual(json.loads(answer["body"])["status"], 401)
        self.assertEqual(self.rows("SELECT count(*) FROM journal WHERE kind = 'action'"), [(2,)])

    def test_what_cannot_be_read_is_an_error_and_the_next_event_is_taken(self):
        guest = self.guest()
        api, process = self.serve()
        for event in (b"nonsense", b"{}", b"[]"):
            id = api.put(event)
            path, headers, answer = api.answer()
            self.assertEqual(path, f"invocation/{id}/error")
            self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Event.Unreadable")
            self.assertEqual(answer["errorType"], "Event.Unreadable")
            self.assertEqual(answer["stackTrace"], [])
            self.assertTrue(answer["errorMessage"])
        api.put(self.action(guest["token"]))
        self.assertEqual(api.answer()[2]["statusCode"], 202)
        self.assertIsNone(process.poll())

    def test_several_are_in_hand_at_once(self):
        token = self.guest()["token"]
        api, process = self.serve(AWS_LAMBDA_MAX_CONCURRENCY="4")
        # All four ask before there is anything to do.
        for _ in range(4):
            self.assertTrue(api.waiting.acquire(timeout=PATIENCE))
        ids = {api.put(self.action(token, f"number {n}", id=f"req_{n}")) for n in range(20)}
        answers = [api.answer() for _ in range(20)]
        self.assertEqual({f"invocation/{id}/response" for id in ids}, {path for path, _, _ in answers})
        self.assertEqual([answer["statusCode"] for _, _, answer in answers], [202] * 20)
        self.assertEqual(self.rows("SELECT count(*) FROM journal WHERE kind = 'action'"), [(20,)])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_what_is_in_hand_is_answered_before_a_stop(self):
        token = self.guest()["token"]
        api, process = self.serve()
        self.assertTrue(api.waiting.acquire(timeout=PATIENCE))
        # The store is somebody else's for a moment, so that the function has to wait.
        database = sqlite3.connect(self.store, isolation_level=None, timeout=PATIENCE)
        self.addCleanup(database.close)
        database.execute("BEGIN IMMEDIATE")
        api.put(self.action(token))
        self.assertTrue(api.handed_out.acquire(timeout=PATIENCE))
        process.send_signal(signal.SIGTERM)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.5)
        self.assertTrue(api.answers.empty())
        database.execute("COMMIT")
        self.assertEqual(api.answer()[2]["statusCode"], 202)
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(api.asked, 1)

    def test_a_stop_ends_the_waiting(self):
        api, process = self.serve()
        self.assertTrue(api.waiting.acquire(timeout=PATIENCE))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_an_api_that_goes_away_ends_it_with_status_1(self):
        api, process = self.serve(AWS_LAMBDA_MAX_CONCURRENCY="3")
        for _ in range(3):
            self.assertTrue(api.waiting.acquire(timeout=PATIENCE))
        api.events.put(None)
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertIn("the Lambda Runtime API is lost at /invocation/next", process.stderr.read())

    def test_another_status_ends_it_with_status_1(self):
        token = self.guest()["token"]
        api = RuntimeAPI()
        api.status = 413
        _, process = self.serve(api=api)
        api.put(self.action(token))
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertIn("with 413", process.stderr.read())

    def test_an_api_that_says_something_else_ends_it_with_status_1(self):
        for said in (
            b"\0\xff garbage\r\n\r\n",
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\nContent-Length: 99\r\n\r\n{",
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a/../b\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        ):
            with self.subTest(said[:80]):
                api, process = self.serve()
                api.say(said)
                self.assertEqual(process.wait(PATIENCE), 1)
                self.assertIn("Lambda Runtime API", process.stderr.read())
                self.assertTrue(api.answers.empty())

    def test_an_event_that_comes_twice_is_done_twice(self):
        token = self.guest()["token"]
        api, process = self.serve()
        id = api.put(self.action(token))
        self.assertEqual(api.answer()[0], f"invocation/{id}/response")
        # Lambda may hand out an event again, as another invocation or as the same.
        api.put(self.action(token), id=id)
        self.assertEqual(api.answer()[0], f"invocation/{id}/response")
        self.assertEqual(self.rows("SELECT count(*) FROM journal WHERE kind = 'action'"), [(2,)])
        self.assertIsNone(process.poll())

    def test_an_event_that_is_too_large_is_refused(self):
        token = self.guest()["token"]
        api, process = self.serve()
        api.put(self.action(token, "x" * 100_000))
        self.assertEqual(api.answer()[2]["statusCode"], 413)
        api.put(self.action(token))
        self.assertEqual(api.answer()[2]["statusCode"], 202)
        self.assertIsNone(process.poll())

    def test_a_start_that_fails_is_told(self):
        api, process = self.serve("player-action", "--manifest", self.folder / "none.yaml")
        path, headers, answer = api.answer()
        self.assertEqual(path, "init/error")
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Runtime.InitError")
        self.assertIn("none.yaml", answer["errorMessage"])
        self.assertEqual(process.wait(PATIENCE), 1)
        api, process = self.serve(AWS_LAMBDA_MAX_CONCURRENCY="0")
        self.assertIn("AWS_LAMBDA_MAX_CONCURRENCY", api.answer()[2]["errorMessage"])
        self.assertEqual(process.wait(PATIENCE), 1)


if __name__ == "__main__":
    unittest.main()
