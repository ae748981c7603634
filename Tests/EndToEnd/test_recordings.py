"""Record and replay: what happened gives the same again, or an exact account of what differs."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import sessions
from host import BINARY, ROOT, environment


def run(*arguments, timeout=120, **variables):
    return subprocess.run(
        [BINARY, *map(str, arguments)], cwd=ROOT, env=environment(**variables), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout)


def invocations(recording):
    # Each process that has served has a file of its own.
    files = sorted(pathlib.Path(recording).glob("events*.ndjson"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line for line in map(json.loads, filter(str.strip, lines)) if line["kind"] == "invocation"]


class StoredRecordings(unittest.TestCase):
    """A change of behaviour shows here; `gestaloka replay Tests/Recordings/NAME --update` accepts it."""

    def test_every_recorded_session_replays_without_a_difference(self):
        names = sorted(path.name for path in sessions.RECORDINGS.iterdir() if path.is_dir())
        self.assertEqual(names, sorted(sessions.SESSIONS))
        for name in names:
            with self.subTest(name):
                done = run("replay", sessions.RECORDINGS / name)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different\n$")

    def test_the_sessions_hold_what_they_are_for(self):
        evening = invocations(sessions.RECORDINGS / "evening")
        self.assertLessEqual({200, 201, 202, 400, 401, 403, 404, 413, 422}, {line["answer"]["status"] for line in evening})
        self.assertTrue(any(line["taken"].get("texts") for line in evening), "a story comes in pieces")
        self.assertEqual(
            {"http", "socket", "queue"}, {line["event"]["type"].rsplit(".")[-1] for line in evening})
        limits = invocations(sessions.RECORDINGS / "limits")
        refused = [line for line in limits if line["answer"]["status"] == 429]
        self.assertEqual({"guest-session", "player-action"}, {line["function"] for line in refused})
        self.assertTrue(any(line["taken"].get("refusal") == "The token has expired." for line in limits))
        crash = (sessions.RECORDINGS / "crash/events.ndjson").read_text()
        self.assertNotIn('"kind":"end"', crash)


class Replays(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-replay-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copy(self, name):
        target = self.folder / name
        shutil.copytree(sessions.RECORDINGS / name, target)
        return target

    def test_many_players_under_load_replay_twice_with_no_difference_in_another_place(self):
        actions = int(os.environ.get("RECORDED_ACTIONS", "30"))
        recording = self.folder / "recording"
        session = sessions.Session(
            self.folder, recording, tokens=sessions.crowd(50), PLAYER_ACTION_RATE="100000/minute",
            STORY_RATE="100000/minute")
        answered = sessions.load(session, actions)
        session.settle(60)
        session.end()
        moved = self.folder / "elsewhere/recording"
        shutil.copytree(recording, moved)
        lines = invocations(recording)
        self.assertGreater(len(lines), answered)
        # That they ran at the same time, or this would show little.
        overlapping = sum(1 for line in lines if line.get("commit", 0) - line.get("admission", 0) > line.get("numbers", 0))
        self.assertGreater(overlapping, 0)
        for place in (recording, moved):
            done = run("replay", place, SECRET_KEY="another-key-entirely-0123456789-0123456789")
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)
            self.assertEqual(done.stdout, f"{len(lines)} replayed, {len(lines)} identical, 0 different\n")
            self.assertEqual(done.stderr, "")
        self.check_nothing_in_clear(recording, session)

    def check_nothing_in_clear(self, recording, session):
        for path in recording.iterdir():
            content = path.read_bytes()
            # The manifest names hosts that the model may be on.
            addresses = [] if path.name == "functions.yaml" else ["127.0.0.1"]
            for secret in [sessions.KEY, *session.tokens.values(), *addresses]:
                self.assertNotIn(secret.encode(), content, f"{path.name} has a secret")

    def test_a_host_that_is_killed_leaves_a_recording_that_replays_up_to_the_cut(self):
        recording = self.folder / "recording"
        sessions.crash(self.folder, recording)
        done = run("replay", recording)
        # What was under way may have taken numbers that no line tells of: a hole.
        self.assertIn(done.returncode, (0, 3), done.stdout[-3000:] + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different(, \d+ not replayed: .*)?\n$")
        self.assertIn("cut off", done.stderr)
        self.assertGreater(int(done.stdout.split()[0]), 50)

    def test_one_altered_line_gives_exactly_that_one_field_by_field(self):
        recording = self.copy("evening")
        path = recording / "events.ndjson"
        lines = path.read_text().splitlines(keepends=True)
        chosen = next(n for n, line in enumerate(lines) if '"action_id"' in line and '"status":202' in line)
        lines[chosen] = re.sub(r'("answer":.*?"location_id":)"[a-z]+"', r'\1"moon"', lines[chosen], count=1)
        path.write_text("".join(lines))
        position = sum('"kind":"invocation"' in line for line in lines[: chosen + 1])
        done = run("replay", recording, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual((result["different"], len(result["differences"])), (1, 1))
        self.assertEqual(result["differences"][0]["position"], position)
        (place,) = result["differences"][0]["differences"]
        self.assertEqual(place["path"], "answer.body.location_id")
        self.assertEqual(place["recorded"], '"moon"')
        text = run("replay", recording)
        self.assertIn(f"#{position} player-action", text.stdout)
        self.assertTrue(text.stdout.endswith(" 1 different\n"))

    def test_another_rule_gives_differences_in_just_the_invocations_it_touches_and_update_accepts_them(self):
        recording = self.copy("limits")
        manifest = self.folder / "other.yaml"
        text = (recording / "functions.yaml").read_text()
        manifest.write_text(text.replace("${PLAYER_ACTION_RATE:-30/minute}", "5/minute"))
        done = run("replay", recording, "--manifest", manifest, "--json", "--only", "player-action")
        self.assertEqual(done.returncode, 1, done.stderr)
        changed = [entry["position"] for entry in json.loads(done.stdout)["differences"]]
        lines = invocations(recording)
        actions = [n for n, line in enumerate(lines, 1) if line["function"] == "player-action"]
        self.assertTrue(set(changed) < set(actions))
        untouched = [n for n in actions if n not in changed]
        self.assertTrue(any(lines[n - 1]["answer"]["status"] == 202 for n in untouched))

        done = run("replay", recording, "--update", "--manifest", manifest)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # Other functions' invocations that followed from these are updated, too.
        updated = re.search(r" (\d+) updated, 0 dropped", done.stdout)
        self.assertGreaterEqual(int(updated[1]), len(changed))
        # It has settled: the manifest is the recording's from now on.
        done = run("replay", recording)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = run("replay", recording, "--update", "--manifest", manifest)
        self.assertIn(" 0 updated, 0 dropped", done.stdout)
        self.assertEqual(len(invocations(recording)), len(lines))

    def test_a_fork_leaves_the_store_in_which_it_happened(self):
        recording = self.copy("evening")
        lines = invocations(recording)
        position, line = next(
            (n, line) for n, line in enumerate(lines, 1) if '"/location_id"' in json.dumps(line["answer"]) or line["answer"]["status"] == 422)
        store = self.folder / "fork.db"
        done = run("replay", recording, "--fork", position, "--store", store)
        self.assertEqual(done.returncode, 0, done.stderr)
        command = shlex.split(done.stdout)
        self.assertEqual(command[1:3], ["invoke", line["function"]])
        self.assertEqual(command[-2:], ["--manifest", str(recording / "functions.yaml")])
        again = run(*command[1:], SECRET_KEY=sessions.KEY)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertEqual(json.loads(again.stdout), line["answer"]["body"])

    def test_a_part_can_be_replayed_and_a_report_written(self):
        recording = self.copy("evening")
        page = self.folder / "report.html"
        page.touch(0o644)
        done = run("replay", recording, "--from", 2, "--to", 5, "--report", page)
        self.assertEqual((done.returncode, done.stdout), (0, "4 replayed, 4 identical, 0 different\n"))
        self.assertIn("<html", page.read_text())
        self.assertEqual(page.stat().st_mode & 0o777, 0o600)
        wrong = run("replay", recording, "--only", "player-acton")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("did you mean 'player-action'?", wrong.stderr)

    def test_what_is_no_recording_or_a_newer_one_gets_a_clear_error(self):
        self.assertIn("recording.json is missing", run("replay", self.folder).stderr)
        recording = self.copy("evening")
        header = json.loads((recording / "recording.json").read_text())
        (recording / "recording.json").write_text(json.dumps({**header, "version": 99}))
        done = run("replay", recording)
        self.assertEqual(done.returncode, 1)
        self.assertIn("format version 99", done.stderr)
        self.assertIn("use a newer one", done.stderr)

    def test_an_invocation_of_the_command_line_is_recorded_too_and_never_over_another_recording(self):
        store, recording = self.folder / "g.db", self.folder / "recording"
        arguments = ("invoke", "player-action", "--as", "p1", "--data", '{"type":"look","text":"secret"}', "--store",
                     store, "--record", recording, "--redact", "text")
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("secret", (recording / "events.ndjson").read_text())
        again = run(*arguments)
        self.assertEqual(again.returncode, 1)
        self.assertIn("the folder is not empty", again.stderr)

    def test_events_of_another_system_run_as_the_functions_they_are_bound_to(self):
        event = {
            "version": "2.0", "routeKey": "POST /api/session", "rawPath": "/api/session", "rawQueryString": "",
            "headers": {"content-type": "application/json"}, "body": '{"name":"Ada"}', "isBase64Encoded": False,
            "requestContext": {
                "http": {"method": "POST", "path": "/api/session", "sourceIp": "192.0.2.7"},
                "requestId": "one", "timeEpoch": 1767225600000, "domainName": "x", "stage": "$default"},
        }
        path = self.folder / "events.ndjson"
        path.write_text(json.dumps(event) + "\n" + json.dumps(event) + "\n")
        done = run("replay", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["status"] for answer in answers], [201, 201])
        self.assertIn("2 replayed, 2 succeeded, 0 failed", done.stderr)


if __name__ == "__main__":
    unittest.main()
