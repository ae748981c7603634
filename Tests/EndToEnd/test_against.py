"""The traffic of a recording, sent to another host."""

import json
import os
import pathlib
import tempfile
import xml.etree.ElementTree

from host import HostTestCase
from player import Player


class AgainstTestCase(HostTestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="gestaloka-e2e-")
        self.addCleanup(self.folder.cleanup)

    def record(self):
        """What two guests and an operator do; the recording."""
        recording = os.path.join(self.folder.name, "recording")
        # A store of its own: the host that every test has would take some of the jobs, which are in no recording then.
        self.store = os.path.join(self.folder.name, "recorded.db")
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


class Against(AgainstTestCase):
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


class Beside(AgainstTestCase):
    """`--against` together with the options that say what is compared, and what is written about it."""

    def setUp(self):
        super().setUp()
        self.recording = pathlib.Path(self.record())

    def differing(self, *options):
        """Against a host that lets only the first action of each player through."""
        return self.replay(str(self.recording), *options, PLAYER_ACTION_RATE="1/minute")

    def events(self):
        return self.file.read_text(encoding="utf-8")

    @property
    def file(self):
        """Of the process that served; that of its parent has an end alone."""
        return max(self.recording.glob("events*.ndjson"), key=lambda path: path.stat().st_size)

    def functions(self):
        return [json.loads(line).get("function") for line in self.events().splitlines()]

    def test_a_page_and_junits_xml_tell_what_the_host_decided_otherwise(self):
        page, xml_file = (os.path.join(self.folder.name, name) for name in ("page.html", "junit.xml"))
        done = self.differing("--report", page, "--junit", xml_file, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads(done.stdout)
        suite = next(xml.etree.ElementTree.parse(xml_file).iter("testsuite"))
        self.assertEqual(int(suite.get("tests")), report["counts"]["sent"])
        self.assertEqual(int(suite.get("failures")), 4)
        failed = [case for case in suite.iter("testcase") if case.find("failure") is not None]
        self.assertEqual(len(failed), 4)
        self.assertEqual({case.get("classname") for case in failed}, {"player-action"})
        self.assertIn("answer.status", failed[0].find("failure").text)
        html = pathlib.Path(page).read_text(encoding="utf-8")
        self.assertIn(f"against {report['url']}", html)
        self.assertIn("answer.status", html)

    def test_only_one_function_or_one_invocation_is_sent(self):
        done = self.differing("--only", "player-action", "--json")
        report = json.loads(done.stdout)
        self.assertEqual([entry["function"] for entry in report["functions"]], ["player-action"])
        self.assertEqual(report["counts"]["sent"], self.functions().count("player-action"))
        self.assertEqual(report["counts"]["different"], 4)
        done = self.replay(str(self.recording), "--only", "broadcast", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["counts"]["sent"], 2)
        position = self.functions().index("guest-session")
        id = json.loads(self.events().splitlines()[position])["event"]["id"]
        done = self.replay(str(self.recording), "--only", id)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("1 sent, 1 identical, 0 different", done.stdout)

    def test_a_mask_leaves_a_field_out(self):
        done = self.differing("--mask", "answer", "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["counts"]["different"], 0)
        done = self.differing("--mask", "body", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        differences = [entry["differences"] for entry in json.loads(done.stdout)["entries"]]
        self.assertEqual([[difference["path"] for difference in told] for told in differences], [["answer.status"]] * 4)

    def test_an_update_comes_before_what_is_sent(self):
        lines = self.events()
        changed = lines.replace('"location_id":"tavern"', '"location_id":"cellar"', 1)
        self.assertNotEqual(lines, changed)
        self.file.write_text(changed, encoding="utf-8")
        page, xml_file = (os.path.join(self.folder.name, name) for name in ("page.html", "junit.xml"))
        done = self.replay(str(self.recording), "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["counts"]["different"], 1)
        done = self.replay(str(self.recording), "--update", "--json", "--report", page, "--junit", xml_file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["counts"]["different"], 0)
        self.assertIn('"updated":1}', done.stderr)
        # Written anew, the lines have another order.
        answers = [{line["event"]["id"]: line["answer"] for line in map(json.loads, text.splitlines())
                    if line["kind"] == "invocation"} for text in (lines, self.events())]
        self.assertEqual(*answers)
        self.assertIn(" against http://", pathlib.Path(page).read_text(encoding="utf-8"))
        suite = next(xml.etree.ElementTree.parse(xml_file).iter("testsuite"))
        self.assertEqual(suite.get("failures"), "0")
