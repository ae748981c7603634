"""Functions that run at certain times, in hosts and workers as they are deployed."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from host import BINARY, ROOT, Host, environment

MANIFEST = """\
version: 1
guests: true
auth:
  - {issuer: gestaloka, audience: gestaloka, algorithm: HS256, key: a-key-that-is-only-for-this-test-0123456789}
functions:
  guest-session:
    handler: GuestSession
    on:
      - http: POST /api/session
      - schedule: every 1s
      - schedule: "0 6 1 1 *"
        timezone: Asia/Tokyo
        catch-up: one
    auth: none
"""


def is_scheduled(entry):
    return entry.get("trigger") == "schedule" and entry.get("success")


class Schedules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-schedules-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.manifest = self.folder / "functions.yaml"
        self.manifest.write_text(MANIFEST)

    def run_command(self, *arguments):
        return subprocess.run(
            [BINARY, *map(str, arguments)], cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120)

    def serve(self, *arguments):
        host = Host(
            self.folder / "store.db",
            arguments=("--port", "0", "--manifest", self.manifest, *arguments)).wait_until_serving()
        self.addCleanup(host.kill)
        return host

    def runs(self, host, count):
        """Waits for so many runs; the log's lines of all there are."""
        seen = []

        def are_enough(entry):
            if is_scheduled(entry) and entry not in seen:
                seen.append(entry)
            return len(seen) >= count

        self.assertTrue(host.logged(are_enough), host.log[-4:])
        return seen

    def test_times_come_once_and_replay_as_they_were(self):
        recording = self.folder / "recording"
        host = self.serve("--record", recording)
        self.runs(host, 3)
        self.assertEqual(host.terminate(), 0)
        files = sorted(recording.glob("events*.ndjson"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        events = [line["event"] for line in lines if line.get("function") == "guest-session"]
        times = [event["data"]["time"] for event in events]
        self.assertGreaterEqual(len(times), 3)
        self.assertEqual(times, sorted(set(times)))
        self.assertTrue(all(time.endswith(".000Z") for time in times), times)
        self.assertEqual({event["type"] for event in events}, {"app.gestaloka.schedule"})
        self.assertEqual({event["triggername"] for event in events}, {"every 1s"})
        done = self.run_command("replay", recording)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^(\d+) replayed, \1 identical, 0 different\n$")

    def test_workers_and_hosts_share_what_is_due(self):
        first, second = self.serve("--workers", "2"), self.serve("--workers", "2")
        self.runs(first, 1)
        for host in (first, second):
            self.assertEqual(host.terminate(), 0)
        seconds = {}
        for entry in first.log + second.log:
            # Those who ask what is due fail for nothing, and say nothing.
            self.assertNotEqual(entry.get("function"), "schedule-clock", entry)
            if is_scheduled(entry):
                seconds.setdefault(entry["time"][:19], []).append(entry)
        # A run begins within its second as a rule; a late one and the next may share theirs.
        runs = sum(map(len, seconds.values()))
        self.assertLessEqual(runs, len(seconds) + 1, seconds)

    def test_a_killed_host_is_caught_up_with(self):
        host = self.serve()
        last = self.runs(host, 2)[-1]
        host.kill()
        host = self.serve()
        self.assertTrue(self.runs(host, 1)[0]["time"] > last["time"])

    def test_the_next_time_is_listed(self):
        done = self.run_command("functions", "--manifest", self.manifest)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^FUNCTION +TRIGGER +AUTH +RATE +TIMEOUT +BODY +CONCURRENCY +NEXT$")
        self.assertIn("schedule 0 6 1 1 * (catch-up: one, timezone: Asia/Tokyo)", done.stdout)
        rows = json.loads(self.run_command("functions", "--manifest", self.manifest, "--json").stdout)
        self.assertRegex(rows[0]["next"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$")


if __name__ == "__main__":
    unittest.main()
