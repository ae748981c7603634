"""What every HTTP answer carries, and what operators read."""

import http.client
import socket
import threading

from prometheus_client.parser import text_string_to_metric_families

from host import HostTestCase
from player import Player

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Answers(HostTestCase):
    def raw(self, data, timeout=20):
        """Sends bytes, and reads an answer until the host closes."""
        with socket.create_connection(("127.0.0.1", self.host.port), timeout=timeout) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65_536):
                received += chunk
            return received

    def test_every_answer_has_the_security_headers_and_a_request_id(self):
        token = self.guest()["token"]
        answers = {
            "201": self.host.request("POST", "/api/session", {}),
            "202": self.host.request("POST", "/api/player/action", {"type": "look"}, token=token),
            "400": self.host.request("POST", "/api/player/action", "{", token=token),
            "401": self.host.request("POST", "/api/player/action", {"type": "look"}),
            "403": self.host.request("POST", "/api/broadcast", {"room": "a", "event": "b"}, token=token),
            "404": self.host.request("GET", "/nothing"),
            "405": self.host.request("GET", "/api/session"),
            "metrics": self.host.request("GET", "/metrics"),
            "healthz": self.host.request("GET", "/healthz"),
            "socket": self.host.request("GET", "/socket.io/?EIO=4&transport=websocket"),
            "transport": self.host.request("GET", "/socket.io/?EIO=3&transport=none"),
        }
        for name, answer in answers.items():
            with self.subTest(name):
                if name.isdigit():
                    self.assertEqual(answer.status, int(name))
                self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(answer.headers["X-XSS-Protection"], "1; mode=block")
                self.assertTrue(answer.headers["X-Request-Id"])
        self.assertEqual(answers["405"].headers["Allow"], "POST, OPTIONS")

        malformed = self.raw(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
        head = malformed.split(b"\r\n\r\n")[0].lower()
        self.assertTrue(head.startswith(b"http/1.1 400 "), malformed)
        for field in (b"x-frame-options: deny", b"x-content-type-options: nosniff", b"x-request-id: "):
            self.assertIn(field, head)

    def test_a_callers_request_id_and_trace_go_through_to_the_story(self):
        token = self.guest()["token"]
        headers = {"traceparent": TRACEPARENT, "X-Request-Id": "my-request-1"}
        answer = self.host.request("POST", "/api/player/action", {"type": "look"}, token=token, headers=headers)
        self.assertEqual(answer.headers["X-Request-Id"], "my-request-1")
        self.assertEqual(answer.headers["traceparent"].split("-")[1], TRACE)

        def of(function):
            return lambda entry: entry.get("function") == function and entry.get("trace_id") == TRACE

        action = self.host.logged(of("player-action"))
        self.assertEqual(action["request_id"], "my-request-1")
        self.assertEqual((action["action_type"], action["location"], action["success"]), ("look", "tavern", True))
        self.assertTrue(action["player_id"])
        self.assertGreater(action["duration"], 0)
        story = self.host.logged(of("story-generation"))
        self.assertEqual((story["trigger"], story["success"]), ("queue", True))
        self.assertNotEqual(story["span_id"], action["span_id"])
        self.assertNotIn(token, str(self.host.log))

    def test_keep_alive_chunks_and_head(self):
        token = self.guest()["token"]
        connection = self.host.connection()
        self.addCleanup(connection.close)
        headers = {"Authorization": f"Bearer {token}"}
        parts = iter([b'{"type":', b'"look"}'])
        connection.request("POST", "/api/player/action", body=parts, headers=headers, encode_chunked=True)
        response = connection.getresponse()
        self.assertEqual((response.status, bool(response.read())), (202, True))
        connection.request("HEAD", "/healthz")
        response = connection.getresponse()
        self.assertEqual((response.status, response.read()), (200, b""))
        self.assertGreater(int(response.headers["Content-Length"]), 0)
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        self.assertEqual((response.status, response.read()), (200, b'{"status":"ok"}'))

    def test_a_request_that_does_not_arrive_is_answered_408_while_others_are_served(self):
        received = []
        half = b'POST /api/session HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n{"name":'
        waiting = threading.Thread(target=lambda: received.append(self.raw(half, timeout=30)), daemon=True)
        waiting.start()
        for _ in range(5):
            self.guest()
        self.assertTrue(waiting.is_alive())
        # The limit is 15 s.
        waiting.join(30)
        self.assertTrue(received and received[0].startswith(b"HTTP/1.1 408 "), received)
        self.assertIn(b"application/problem+json", received[0])
        self.guest()


class Operating(HostTestCase):
    def metrics(self):
        answer = self.host.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.body.decode())
            for sample in family.samples
        }

    def test_metrics_count_what_was_done(self):
        session = self.guest()
        player = Player(self.host, session["token"]).connect()
        player.act("look")
        player.expect("story_response")
        for _ in range(9):
            self.guest()
        self.assertEqual(self.host.request("POST", "/api/session", {}).status, 429)

        metrics = self.metrics()

        def value(name, **labels):
            return metrics[(name, *sorted(labels.items()))]

        invocations = "gestaloka_invocations_total"
        self.assertEqual(value(invocations, function="guest-session", trigger="http", status="201"), 10)
        self.assertEqual(value(invocations, function="guest-session", trigger="http", status="429"), 1)
        self.assertEqual(value(invocations, function="player-action", trigger="socket", status="202"), 1)
        self.assertEqual(value("gestaloka_rate_refusals_total", function="guest-session"), 1)
        self.assertEqual(value("gestaloka_errors_total", function="player-action"), 0)
        histogram = "gestaloka_invocation_duration_seconds"
        self.assertEqual(value(f"{histogram}_bucket", function="player-action", le="+Inf"), 1)
        self.assertEqual(value(f"{histogram}_count", function="player-action"), 1)
        self.assertEqual(value("gestaloka_open_sockets"), 1)
        self.assertEqual(value("gestaloka_queue_depth", queue="story"), 0)
        player.close()
        self.eventually(lambda: self.metrics()[("gestaloka_open_sockets",)] == 0, "no open socket")

    def test_health_and_readiness(self):
        self.assertEqual(self.host.request("GET", "/healthz").json, {"status": "ok"})
        self.assertEqual(self.host.request("GET", "/readyz").json, {"status": "ready"})
        self.assertEqual(self.host.request("POST", "/readyz").status, 405)
