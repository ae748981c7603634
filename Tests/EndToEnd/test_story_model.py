"""Stories of a language model, as a player's client sees them: over a socket, over HTTP, over TLS."""

import json
import os
import pathlib
import subprocess
import time
import unittest

from host import PATIENCE
from test_turn import TurnTestCase

SERVER = pathlib.Path(__file__).parent.parent / "StoryModelTests/Server/server.py"


class ModelTestCase(TurnTestCase):
    path = "/good/v1"

    def model(self, *arguments):
        """Starts a server of the interface; its port."""
        self.process = process = subprocess.Popen(
            ["python3", SERVER, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return int(process.stdout.readline())

    def setUp(self):
        self.model_port = self.model()
        self.variables = self.settings(f"http://127.0.0.1:{self.model_port}{self.path}")
        super().setUp()

    @staticmethod
    def settings(url):
        return {
            "STORY_MODEL_URL": url, "STORY_MODEL": "test-model", "STORY_MODEL_KEY": "sk-do-not-tell",
            "STORY_MODEL_HOST": url.split("/")[2],
        }

    def assertToldByTheModel(self, player):
        """Plays a turn; the passage."""
        action = player.act("say", "hello")
        story = player.expect("story_response")
        self.assertEqual(story["model"], "test-model", self.host.log)
        self.assertEqual(len(story["choices"]), 3)
        deltas = player.events("story_delta")
        self.assertEqual("".join(delta["text"] for delta in deltas), story["story"])
        self.assertEqual([delta["seq"] for delta in deltas], list(range(len(deltas))))
        self.assertTrue(all(delta["action_id"] == action["action_id"] for delta in deltas))
        self.assertNotIn("sk-do-not-tell", json.dumps(self.host.log))
        return story


class Model(ModelTestCase):
    def test_a_turn_over_a_socket_has_deltas_and_a_cost(self):
        player, other = self.join(), self.join()
        self.assertToldByTheModel(player)
        self.assertEqual(self.heard_until_now(other, "story_delta"), [])
        line = self.host.logged(lambda entry: entry.get("tokens_in") is not None)
        self.assertEqual((line["player_id"], line["tokens_in"], line["tokens_out"]), (player.player_id, 321, 45))
        metrics = self.host.request("GET", "/metrics").body.decode()
        for direction, tokens in (("in", 321), ("out", 45)):
            labels = f'function="story-generation",direction="{direction}",player_id="{player.player_id}"'
            self.assertIn(f"gestaloka_story_tokens_total{{{labels}}} {tokens}\n", metrics)


class Secure(ModelTestCase):
    def setUp(self):
        super().setUp()
        folder = os.path.dirname(self.store)
        self.certificate = os.path.join(folder, "certificate.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", self.certificate + ".key",
             "-out", self.certificate],
            check=True, capture_output=True)
        both = os.path.join(folder, "both.pem")
        with open(both, "w", encoding="ascii") as file:
            for part in (self.certificate, self.certificate + ".key"):
                file.write(pathlib.Path(part).read_text(encoding="ascii"))
        self.secure_port = self.model(both)

    def told_by(self, name, **variables):
        """What tells a turn of a host that asks the model at `name`, and the host's line about it."""
        self.assertEqual(self.host.terminate(), 0)
        self.host = self.serve(**self.settings(f"https://{name}:{self.secure_port}/good/v1"), **variables)
        player = self.join()
        player.act("say", "hello")
        story = player.expect("story_response")
        return story["model"], self.host.logged(lambda entry: entry.get("function") == "story-generation")

    def test_a_certificate_is_checked(self):
        model, line = self.told_by("localhost", SSL_CERT_FILE=self.certificate)
        self.assertEqual(model, "test-model", line)
        with self.subTest("of nobody that is trusted"):
            model, line = self.told_by("localhost")
            self.assertEqual((model, line["fallback"]), ("built-in-narrator", "tls"), line)
            self.assertEqual(line["level"], "warning", line)
        with self.subTest("of another host"):
            model, line = self.told_by("127.0.0.1", SSL_CERT_FILE=self.certificate)
            self.assertEqual((model, line["fallback"]), ("built-in-narrator", "tls"), line)
            self.assertEqual(line["level"], "warning", line)


if __name__ == "__main__":
    unittest.main()
