"""Stories of real servers with models that are made here: llama.cpp's own, and llama-cpp-python's (script/test-llama)."""

import json
import os
import pathlib
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time
import unittest

from host import PATIENCE
from test_story_model import ModelTestCase

HERE = pathlib.Path(__file__).parent
TURNS = 100
# The greatest share of a telling's time that a player waits for the first of it.
FIRST = 0.15
CHOICES = [
    {"label": "Follow the sound", "summary": "The fog may hide you."},
    {"label": "Wait here", "summary": "Nobody has seen you yet."},
    {"label": "Call out", "summary": "Whoever laughed will know."},
]
SHORT = {"story": "A bell tolls twice over the harbour, and somebody laughs.", "choices": CHOICES}
# Words of no language: a text that hardly repeats itself has the most pieces.
RANDOM = random.Random(14)
LONG = dict(SHORT, story=" ".join(
    "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz", k=RANDOM.randint(2, 8))) for _ in range(280)) + ".")


class Servers:
    """The tests of one server; `python` has it installed."""

    python = None
    path = "/v1"
    passage = SHORT
    context = 16_384
    space_prefix = False
    idle = 0

    def start(self, file, context):
        """Starts the server; its port."""
        raise NotImplementedError

    def model(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.server_log = folder / "log"
        # What the game says is in words, so that a prompt is as long as for real models.
        game = HERE.parent.parent / "Sources/Handlers/Game"
        words = re.findall("[A-Za-z]+", "".join(
            (game / name).read_text(encoding="utf-8") for name in ("PromptMessages.swift", "world.json")))
        arguments = {
            "text": json.dumps(self.passage), "size": 2, "space_prefix": self.space_prefix, "idle": self.idle,
            "words": sorted(set(words)),
        }
        subprocess.run(
            [self.python, "-B", "-c", "import json, sys, tiny_model\n"
             "tiny_model.write(sys.argv[1], **json.load(sys.stdin))", folder / "tiny.gguf"],
            cwd=HERE, check=True, input=json.dumps(arguments).encode())
        return self.start(folder / "tiny.gguf", self.context)

    def spawn(self, *arguments, **options):
        log = self.enterContext(open(self.server_log, "wb"))
        process = subprocess.Popen([self.python, "-B", *arguments], stderr=log, **options)
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.terminate)
        return process

    @staticmethod
    def settings(url):
        rates = {"PLAYER_ACTION_RATE": "1000/minute", "STORY_RATE": "1000/minute", "STORY_TOKENS": "100M/day"}
        return {**ModelTestCase.settings(url), **rates}

    def turn(self, player):
        """Plays a turn that the model must tell; how long it took, and the first of its story."""
        begun = time.monotonic()
        action = player.act("say", "hello")["action_id"]
        player.expect("story_delta", lambda delta: delta["action_id"] == action)
        first = time.monotonic() - begun
        story = player.expect("story_response", lambda story: story["action_id"] == action, timeout=40)
        whole = time.monotonic() - begun
        self.assertEqual(story["model"], "test-model", self.server_log.read_text(errors="replace")[-2_000:])
        self.assertEqual({"story": story["story"], "choices": story["choices"]}, self.passage)
        # The client hands each event to a thread of its own.
        deltas = sorted(
            (delta for delta in player.events("story_delta") if delta["action_id"] == action),
            key=lambda delta: delta["seq"])
        self.assertEqual("".join(delta["text"] for delta in deltas), story["story"])
        return whole, first

    def told(self, count):
        """The host's log lines of stories, as soon as there are so many."""
        def stories():
            return [entry for entry in self.host.log if entry.get("function") == "story-generation"]

        self.host.logged(lambda entry: len(stories()) >= count)
        return stories()


class Turns(Servers):
    def test_no_turn_of_a_hundred_needs_the_narrator(self):
        player = self.join()
        times = [self.turn(player)[0] for _ in range(TURNS)]
        self.assertEqual([line["fallback"] for line in self.told(TURNS) if "fallback" in line], [])
        metrics = self.host.request("GET", "/metrics").body.decode()
        self.assertNotIn("gestaloka_story_fallbacks_total{", metrics)
        print(f"\n{type(self).__name__}: {TURNS} turns, none told by the narrator, {statistics.median(times):.3f} s each")


class Streaming(Servers):
    passage = LONG
    idle = 12_000

    def test_the_story_is_shown_while_it_is_told(self):
        # Each of a player who has no story yet, whose prompt is as long as the others'.
        shares = [first / whole for whole, first in (self.turn(self.join()) for _ in range(7))]
        share = statistics.median(shares)
        print(f"\n{type(self).__name__}: the first of a story after {share:.0%} of its telling")
        self.assertLessEqual(share, FIRST, shares)


class SpacePrefix(Servers):
    space_prefix = True

    def test_a_schema_that_the_server_refuses_is_left_out(self):
        player = self.join()
        for _ in range(3):
            self.turn(player)
        self.assertEqual([line.get("retried") for line in self.told(3)], self.retried)


class SmallContext(Servers):
    context = 2_048

    def test_a_long_prompt_is_made_shorter(self):
        player = self.join()
        # What a player writes has no words that the model knows: a token each letter.
        for _ in range(4):
            player.act("do", "xyzzy " * 160)
        self.turn(player)
        self.turn(player)
        told = self.told(2)
        self.assertEqual([line.get("fallback") for line in told if "fallback" in line], [])
        self.assertIn("context", ",".join(line.get("retried", "") for line in told).split(","))


class Xllamacpp:
    python = os.environ.get("GESTALOKA_XLLAMACPP")
    # Any schema of such a vocabulary is refused, by a 400 that names nothing.
    retried = ["schema", None, None]

    def start(self, file, context):
        process = self.spawn(
            HERE / "llama_server.py", file, str(context), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        port = process.stdout.readline()
        self.assertTrue(port, self.server_log.read_text(errors="replace"))
        return int(port)


class LlamaCppPython:
    python = os.environ.get("GESTALOKA_LLAMA_CPP_PYTHON")
    # It knows no "json_schema".
    retried = ["schema", None, None]

    def start(self, file, context):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.spawn(
            "-m", "llama_cpp.server", "--model", file, "--port", str(port), "--host", "127.0.0.1", "--n_ctx",
            str(context), "--chat_format", "chatml", "--n_threads", "1", stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while "running on" not in self.server_log.read_text(errors="replace"):
            self.assertLess(time.monotonic(), deadline, self.server_log.read_text(errors="replace"))
            time.sleep(0.1)
        return port


def tests(server):
    """The test cases of a server, where script/test-llama has installed it."""
    skip = unittest.skipUnless(server.python, "script/test-llama runs it")
    for part in (Turns, Streaming, SpacePrefix, SmallContext):
        name = server.__name__ + part.__name__
        globals()[name] = skip(type(name, (server, part, ModelTestCase), {"__module__": __name__}))


for server in (Xllamacpp, LlamaCppPython):
    tests(server)
del server

if __name__ == "__main__":
    unittest.main()
