"""A story is told once and charged once: whoever asks while it is being told hears it, in one process and in several."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import time
import unittest

from host import PATIENCE, ROOT, environment
from test_story_model import ModelTestCase

# What each answer of the tests' server says to have cost.
COST = 321 + 45


def events(body):
    """The events of a stream, each with its data."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


class TellingTestCase(ModelTestCase):
    def setUp(self):
        super().setUp()
        session = self.guest("traveller", "en")
        self.player_id, self.player_token = session["player_id"], session["token"]

    def act(self):
        answer = self.host.request(
            "POST", "/api/player/action", {"type": "say", "text": "hello"}, token=self.player_token)
        self.assertEqual(answer.status, 202, answer)
        return answer.json["action_id"]

    def generate(self, action_id):
        return self.host.request(
            "POST", "/api/story/generate", {"action_id": action_id}, token=self.player_token,
            headers={"Accept": "text/event-stream"})

    def generate_all(self, action_ids):
        with concurrent.futures.ThreadPoolExecutor(len(action_ids)) as pool:
            return list(pool.map(self.generate, action_ids))

    def seen(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.model_port, timeout=PATIENCE)
        connection.request("GET", "/seen")
        try:
            return [request["scenario"] for request in json.loads(connection.getresponse().read())]
        finally:
            connection.close()

    def wait_until(self, is_so):
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            self.assertLess(time.monotonic(), deadline, self.seen())
            time.sleep(0.02)

    def told(self):
        """The actions that are told, of each story."""
        return [body["action_ids"] for _, _, body, _ in self.journal("story")]

    def charged(self):
        stream = f"tokens:player:{self.player_id}"
        return sum(body["tokens"] for _, of, body, _ in self.journal("tokens") if of == stream)

    def counted(self):
        """The tokens in /metrics."""
        text = self.host.request("GET", "/metrics").body.decode()
        return sum(int(count) for count in re.findall(r"^gestaloka_story_tokens_total\{.*\} (\d+)$", text, re.M))


class Parallel(TellingTestCase):
    path = "/slow/v1"

    def settings(self, url):
        return {**super().settings(url), "STORY_RATE": "1000/minute"}

    def test_requests_for_several_actions_ask_once_a_story_and_each_action_is_told_once(self):
        for count in (4, 10):
            with self.subTest(count):
                asked, charged = len(self.seen()), self.charged()
                ids = [self.act() for _ in range(count)]
                answers = self.generate_all(ids)
                self.assertEqual({answer.status for answer in answers}, {200})
                self.wait_until(lambda: self.rows("SELECT count(*) FROM job") == [(0,)])
                stories = [told for told in self.told() if set(told) & set(ids)]
                self.assertEqual(sorted(sum(stories, [])), sorted(ids))
                self.assertEqual(len(self.seen()) - asked, len(stories))
                self.assertEqual(self.charged() - charged, len(stories) * COST)
        self.assertEqual(self.counted(), len(self.told()) * COST)

    def test_requests_for_one_action_are_one_telling_that_all_of_them_hear(self):
        for count in (4, 10):
            with self.subTest(count):
                asked = len(self.seen())
                action = self.act()
                heard = [events(answer.body) for answer in self.generate_all([action] * count)]
                stories = [one[-1] for one in heard]
                self.assertTrue(all(story == stories[0] for story in stories), stories)
                self.assertEqual(stories[0][0], "story_response")
                for one in heard:
                    deltas = [data for name, data in one if name == "story_delta"]
                    # Who came when all was told has the story alone.
                    if deltas:
                        self.assertEqual("".join(data["text"] for data in deltas), stories[0][1]["story"])
                        self.assertEqual([data["seq"] for data in deltas], list(range(len(deltas))))
                self.wait_until(lambda: self.rows("SELECT count(*) FROM job") == [(0,)])
                self.assertEqual(len(self.seen()) - asked, 1)
                self.assertEqual(sum(action in told for told in self.told()), 1)
        self.assertEqual(self.charged(), len(self.told()) * COST)


class Workers(Parallel):
    def serve(self, **variables):
        return self.launch(arguments=("--port", "0", "--workers", "2"), **variables).wait_until_serving()

    def counted(self):
        return len(self.told()) * COST  # each worker has metrics of its own


class Recorded(TellingTestCase):
    """What was joined, claimed and charged replays bit for bit, where there is no model."""

    path = "/slow/v1"

    def settings(self, url):
        return {**super().settings(url), "STORY_RATE": "1000/minute"}

    def launch(self, **more):
        self.recording = os.path.join(os.path.dirname(self.store), "recording")
        return super().launch(arguments=("--port", "0", "--record", self.recording), **more)

    def test_a_replay_is_the_same(self):
        ids = [self.act() for _ in range(6)]
        self.generate_all(ids + ids[:4] + [ids[-1]] * 4)
        self.wait_until(lambda: self.rows("SELECT count(*) FROM job") == [(0,)])
        self.assertEqual(self.host.terminate(), 0)
        done = subprocess.run(
            [self.binary, "replay", self.recording], cwd=ROOT, env=environment(), capture_output=True, text=True,
            timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different\n$")


class Abandoned(TellingTestCase):
    """The action's job goes to a queue that nobody serves, so that the player's own request is what tells."""

    path = "/stall/v1"

    def launch(self, **more):
        text = (ROOT / "functions.yaml").read_text(encoding="utf-8")
        file = pathlib.Path(os.path.dirname(self.store)) / "functions.yaml"
        file.write_text(text.replace("name: story, batch", "name: nobodys, batch"), encoding="utf-8")
        self.options = ("--manifest", file)
        return super().launch(**more)

    def test_the_model_is_not_asked_any_longer_and_what_it_said_is_charged(self):
        action = self.act()
        connection = self.host.connection()
        connection.request(
            "POST", "/api/story/generate", body=json.dumps({"action_id": action}),
            headers={
                "Authorization": f"Bearer {self.player_token}", "Content-Type": "application/json",
                "Accept": "text/event-stream",
            })
        self.wait_until(lambda: "stall" in self.seen())
        connection.close()
        self.wait_until(lambda: "gone" in self.seen())
        self.assertEqual(self.seen().count("gone"), 1)
        self.wait_until(lambda: len(self.journal("tokens")) >= 2)
        self.assertGreater(self.charged(), 100)
        # What was reserved for the rest of an answer is given back.
        self.assertLess(self.charged(), 2000)
        self.assertEqual(self.counted(), self.charged())


if __name__ == "__main__":
    unittest.main()
