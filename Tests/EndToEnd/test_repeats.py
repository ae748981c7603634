"""What a client asks for again under the same key is done once, and its first answer comes again."""

import json
import pathlib
import tempfile
import threading
import unittest
import uuid

import javascript
from host import PATIENCE, ROOT, HostTestCase
from player import Player


# Where the pages of javascript/browser.js come from.
ORIGIN = "https://play.example"


class Repeats(HostTestCase):
    variables = {"PLAYER_ACTION_RATE": "3/minute", "STORY_RATE": "100000/second"}

    def setUp(self):
        super().setUp()
        self.ann = self.token("ann")

    def act(self, key, body=None, token=None, headers=()):
        """An action over HTTP, under a key in the field."""
        fields = {"Idempotency-Key": key, **dict(headers)}
        return self.host.request(
            "POST", "/api/player/action", body or {"type": "look"}, token=token or self.ann, headers=fields)

    def actions(self):
        return [id for id, _, _, _ in self.journal("action")]

    def test_an_action_is_done_once_and_its_answer_comes_again(self):
        first = self.act('"key-1"')
        self.assertEqual(first.status, 202, first)
        self.assertIsNone(first.headers["Idempotent-Replayed"])
        for key in ('"key-1"', "key-1"):
            again = self.act(key)
            self.assertEqual((again.status, again.body), (202, first.body))
            self.assertEqual(again.headers["Idempotent-Replayed"], "true")
            self.assertIsNone(again.headers["RateLimit"], "it counts against no rate")
        self.assertEqual(self.actions(), [first.json["action_id"]])
        # In the body, as over a socket, the input is another one, for it has the key.
        other = self.act("key-1", {"type": "look", "idempotency_key": "key-1"})
        self.assertProblem(other.json, 422)
        self.assertProblem(self.act("key-1", {"type": "say", "text": "another"}).json, 422)
        self.assertProblem(self.act("no key").json, 422)
        self.assertEqual(len(self.actions()), 1)
        # Of somebody else it is another one.
        theirs = self.act("key-1", token=self.token("ben"))
        self.assertNotEqual(theirs.json["action_id"], first.json["action_id"])

    def test_a_rate_that_is_used_up_does_not_hide_what_was_done(self):
        first = self.act("key-1")
        for number in range(2):
            self.assertEqual(self.act(f"more-{number}").status, 202)
        self.assertEqual(self.act("too-many").status, 429)
        self.assertEqual(self.act("key-1").body, first.body)

    def test_ten_at_once_are_done_once(self):
        answers = []
        start = threading.Barrier(10)

        def act():
            connection = self.host.connection()
            connection.connect()
            start.wait(PATIENCE)
            headers = {"Authorization": f"Bearer {self.ann}", "Idempotency-Key": "key-1"}
            connection.request("POST", "/api/player/action", '{"type":"look"}', headers)
            response = connection.getresponse()
            answers.append((response.status, response.read()))
            connection.close()

        threads = [threading.Thread(target=act) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(len(answers), 10)
        self.assertEqual(len(set(answers)), 1, answers)
        self.assertEqual(answers[0][0], 202)
        self.assertEqual(self.actions(), [json.loads(answers[0][1])["action_id"]])

    def test_what_was_answered_is_known_after_a_kill(self):
        first = self.act("key-1")
        for _ in range(2):
            self.host.kill()
            self.host = self.serve()
            self.assertEqual(self.act("key-1").body, first.body)
        self.assertEqual(self.actions(), [first.json["action_id"]])

    def test_two_processes_on_one_store_do_it_once(self):
        other = self.serve()
        bodies = set()
        for round in range(12):
            answers = []
            token = self.token(f"player-{round}")

            def act(host):
                answers.append(
                    host.request(
                        "POST", "/api/player/action", {"type": "look"}, token=token,
                        headers={"Idempotency-Key": f"key-{round}"}))

            threads = [threading.Thread(target=act, args=(host,)) for host in (self.host, other)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertEqual([answer.status for answer in answers], [202, 202], answers)
            self.assertEqual(answers[0].body, answers[1].body)
            bodies.add(answers[0].body)
        self.assertEqual(len(self.actions()), 12)
        self.assertEqual(len(bodies), 12)

    def test_over_a_socket_and_after_it_was_lost(self):
        player = Player(self.host, self.ann).connect()
        action = {"type": "say", "text": "once", "idempotency_key": str(uuid.uuid4())}
        first = player.call("player_action", action)
        self.assertEqual(player.call("player_action", action), first)
        player.close()
        self.restart()
        player = Player(self.host, self.ann).connect()
        self.addCleanup(player.close)
        self.assertEqual(player.call("player_action", action), first)
        self.assertEqual(self.actions(), [first["action_id"]])
        self.assertProblem(player.call("player_action", {**action, "text": "another"}), 422)

    def test_a_recording_of_it_replays_with_no_difference(self):
        folder = self.store + "-recording"
        self.assertEqual(self.host.terminate(), 0)
        self.host = self.launch(("--port", "0", "--record", folder)).wait_until_serving()
        first = self.act("key-1")
        self.assertEqual(self.act("key-1").body, first.body)
        self.assertProblem(self.act("key-1", {"type": "say", "text": "another"}).json, 422)
        self.assertEqual(self.host.terminate(), 0)
        done = self.command("replay", folder, store=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.host = self.serve()


class JavaScriptRetries(HostTestCase):
    """socket.io-client with `retries`: it sends the same arguments again, under another acknowledgement id."""

    variables = {"PLAYER_ACTION_RATE": "100000/second", "STORY_RATE": "100000/second"}

    def setUp(self):
        try:
            javascript.node()
            javascript.bundle()
        except javascript.Missing as missing:
            raise unittest.SkipTest(str(missing)) from None
        # A page's origin must be allowed; the game's own manifest names none.
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-e2e-")
        self.addCleanup(folder.cleanup)
        manifest = pathlib.Path(folder.name, "functions.yaml")
        text = (ROOT / "functions.yaml").read_text()
        manifest.write_text(text.replace("sockets:\n", f'sockets:\n  allowed-origins: ["{ORIGIN}"]\n', 1))
        self.options = ("--manifest", str(manifest))
        super().setUp()

    def retried(self, action):
        """An action that the client sends several times, because the host stands still; its answer."""
        browser = javascript.Browser(self.host.port)
        self.addCleanup(browser.close)
        browser.open(
            auth={"token": self.token("ann")}, transports=["websocket"], retries=20, ackTimeout=150)
        browser.expect(what="connect")
        self.host.stand_still()
        try:
            browser.order("call", event="player_action", values=[action], timeout=150)
            # It is sent for the third time when the time-out has passed twice.
            with self.assertRaises(AssertionError):
                browser.expect(timeout=0.6, what="answer", to="player_action")
        finally:
            self.host.go_on()
        told = browser.expect(what="answer", to="player_action")
        self.assertFalse(told["timed_out"], told)
        # What it sent before is handled by now, for it goes in order.
        browser.call("player_action", {"type": "look"}, timeout=PATIENCE * 1000)
        return told["answers"][0]

    def test_with_a_key_it_is_done_once(self):
        answer = self.retried({"type": "say", "text": "once", "idempotency_key": str(uuid.uuid4())})
        said = [id for id, _, body, _ in self.journal("action") if body.get("text") == "once"]
        self.assertEqual(said, [answer["action_id"]])

    def test_without_one_it_is_done_as_often_as_it_was_sent(self):
        self.retried({"type": "say", "text": "often"})
        said = [id for id, _, body, _ in self.journal("action") if body.get("text") == "often"]
        self.assertGreater(len(said), 1, "the client has not sent it again: this test shows nothing")
