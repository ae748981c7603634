"""The traffic of a recording, sent to another host."""

import json
import os
import tempfile

from host import HostTestCase
from player import Player


class Against(HostTestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="gestaloka-e2e-")
        self.addCleanup(self.folder.cleanup)

    def record(self):
        """What two guests and an operator do; the recording."""
        recording = os.path.join(self.folder.name, "recording")
        self.host = self.launch(("--port", "0", "--record", recording)).wait_until_serving()
        for name in ("Aki", "Bo"):
            session = self.guest(name)
            player = Player(self.host, session["token"], session["player_id"]).connect()
            action = player.act("say", "hello there")["action_id"]
            player.expect("story_response", lambda story: action in story["action_ids"])
            self.assertEqual(player.post("look").status, 202)
            self.assertProblem(player.act("fly"), 422)
            player.close()
            body = {"room": f"player:{session['player_id']}", "event": "note", "data": {"a": 1}}
            token = self.token("operator", "ops")
            self.assertEqual(self.host.request("POST", "/api/broadcast", body, token=token).status, 202)
        self.assertEqual(self.host.request("POST", "/api/player/action", {}).status, 401)
        self.assertEqual(self.host.terminate(), 0)
        return recording

    def replay(self, recording, *options, **variables):
        """Sends it to a host with a store of its own."""
        self.store = os.path.join(self.folder.name, f"{len(self.hosts)}.db")
        host = self.serve(**variables)
        return self.command("replay", recording, "--against", host.url, *options, **variables)

    def test_the_traffic_gets_the_same_answers_from_another_host_at_either_speed(self):
        recording = self.record()
        for speed in ("max", "20x"):
            with self.subTest(speed):
                done = self.replay(recording, "--speed", speed)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(" 0 different", done.stdout)
                self.assertIn(" 0 failed", done.stdout)
                self.assertIn("Opened 1 sessions", done.stderr)

    def test_what_another_host_decides_otherwise_is_told(self):
        done = self.replay(self.record(), "--json", PLAYER_ACTION_RATE="1/minute")
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads(done.stdout)
        different = [entry for entry in report["entries"] if entry["verdict"] == "different"]
        self.assertEqual(report["counts"]["different"], len(different))
        # Each player's first action is let through.
        self.assertEqual({(entry["function"], entry["status"]) for entry in different}, {("player-action", 429)})
        self.assertEqual(len(different), 4)
        self.assertEqual(report["counts"]["failed"], 0)

    def test_a_host_that_is_not_there_is_named(self):
        recording = self.record()
        done = self.command("replay", recording, "--against", self.host.url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Connection refused", done.stderr)

    def test_another_machine_must_be_allowed(self):
        done = self.command("replay", self.record(), "--against", "http://192.0.2.1:8000")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not this machine", done.stderr)
