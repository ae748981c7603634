"""The store's file under a running host: copied, restored, deleted, replaced."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading

from host import ROOT, HostTestCase, environment


class Store(HostTestCase):
    variables = {"PLAYER_ACTION_RATE": "100000/second", "STORY_RATE": "100000/second"}

    def setUp(self):
        super().setUp()
        self.folder = os.path.dirname(self.store)
        self.backup = os.path.join(self.folder, "backup.db")

    def act(self, token):
        return self.host.request("POST", "/api/player/action", {"type": "say", "text": "so it goes"}, token)

    def play(self, token):
        """Acts until told to stop; returns the function that does, and gives the ids of what was accepted."""
        accepted, over = [], threading.Event()

        def run():
            while not over.is_set():
                answer = self.act(token)
                if answer.status == 202:
                    accepted.append(answer.json["action_id"])

        thread = threading.Thread(target=run)
        thread.start()

        def stop():
            over.set()
            thread.join()
            return accepted

        self.eventually(lambda: len(accepted) > 20, "actions")
        return stop

    def test_a_backup_of_a_store_that_two_hosts_write_ends_and_is_whole(self):
        token = self.token("player-1")
        second = self.serve()
        stop = self.play(token)
        before = len(self.journal("action"))
        done = self.command("backup", self.backup, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        copy = json.loads(done.stdout)
        self.assertEqual(copy["bytes"], os.path.getsize(self.backup))
        self.assertEqual(os.stat(self.backup).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(self.backup + "-wal"))
        accepted = stop()
        with sqlite3.connect(self.backup) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            ids = [row[0] for row in database.execute("SELECT id FROM journal WHERE kind = 'action' ORDER BY number")]
            (number,) = database.execute("SELECT number FROM sequence").fetchone()
        database.close()
        self.assertEqual(number, copy["number"])
        # Everything up to one moment, and nothing after it.
        self.assertGreaterEqual(len(ids), before)
        self.assertEqual(ids, accepted[: len(ids)])
        self.assertEqual(self.command("backup", self.backup).returncode, 1, "it is there already")
        self.assertEqual(second.terminate(), 0)

    def test_a_backup_is_restored_where_no_host_runs_and_what_was_left_of_the_old_log_goes(self):
        token = self.token("player-1")
        first = self.act(token).json["action_id"]
        self.assertEqual(self.command("backup", self.backup).returncode, 0)
        second = self.act(token).json["action_id"]
        refused = self.command("restore", self.backup, "--replace")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is in use: stop the host first", refused.stderr)
        self.assertEqual(self.act(token).status, 202)
        self.host.kill()
        self.assertTrue(os.path.getsize(self.store + "-wal"))
        restored = self.command("restore", self.backup, "--replace")
        self.assertEqual(restored.returncode, 0, restored.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["backup.db", "g.db", "g.db.key"])
        self.host = self.serve()
        actions = [entry[0] for entry in self.journal("action")]
        self.assertIn(first, actions)
        self.assertNotIn(second, actions)
        self.assertEqual(self.act(token).status, 202)

    def test_a_backup_put_beside_the_old_log_by_hand_is_refused(self):
        token = self.token("player-1")
        self.assertEqual(self.act(token).status, 202)
        self.assertEqual(self.command("backup", self.backup).returncode, 0)
        self.assertEqual(self.act(token).status, 202)
        self.host.kill()
        shutil.copyfile(self.backup, self.store)
        host = self.launch()
        self.assertEqual(host.wait(), 1)
        self.assertTrue(any("is not that of the store" in entry["message"] for entry in host.log), host.log)
        self.assertTrue(os.path.getsize(self.store + "-wal"))

    def test_a_log_without_its_store_is_refused_and_kept(self):
        self.assertEqual(self.act(self.token("player-1")).status, 202)
        self.host.kill()
        size = os.path.getsize(self.store + "-wal")
        os.remove(self.store)
        host = self.launch()
        self.assertEqual(host.wait(), 1)
        self.assertTrue(any("is missing or empty, but its log" in entry["message"] for entry in host.log), host.log)
        self.assertEqual(os.path.getsize(self.store + "-wal"), size)
        self.assertFalse(os.path.exists(self.store))

    def test_a_host_whose_store_is_deleted_says_so_and_accepts_nothing_more(self):
        token = self.token("player-1")
        self.assertEqual(self.act(token).status, 202)
        self.assertEqual(self.host.request("GET", "/readyz").status, 200)
        os.remove(self.store)
        self.assertEqual(self.act(token).status, 500)
        told = self.host.logged(lambda entry: entry["message"].startswith("The store cannot be used"))
        self.assertEqual(told["level"], "error")
        self.assertIn("was deleted or replaced while it was open", told["error"])
        self.assertEqual(self.host.request("GET", "/readyz").status, 503)
        self.assertEqual(self.host.request("GET", "/healthz").status, 200)

    def test_a_host_whose_store_is_replaced_notices_without_being_asked_and_leaves_the_new_one_alone(self):
        other = os.path.join(self.folder, "other.db")
        self.assertEqual(self.command("token", "--player", "p", "--store", other, store=False).returncode, 0)
        os.rename(other, self.store)
        self.assertTrue(
            self.host.logged(lambda entry: entry["message"].startswith("The store cannot be used"), 5)
        )
        self.assertEqual(self.host.request("GET", "/readyz").status, 503)
        for suffix in ("-wal", "-shm"):
            os.remove(self.store + suffix)
        with open(self.store + "-wal", "wb") as log:
            log.write(b"the new one's")
        self.assertEqual(self.host.terminate(), 0)
        with open(self.store + "-wal", "rb") as log:
            self.assertEqual(log.read(), b"the new one's")

    def test_a_backup_that_is_asked_to_stop_leaves_nothing_behind(self):
        self.assertEqual(self.act(self.token("player-1")).status, 202)
        # So much that it takes a while.
        database = sqlite3.connect(self.store)
        with database:
            database.execute("CREATE TABLE ballast(body BLOB)")
            database.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [(1 << 20,)] * 600)
        database.close()
        process = subprocess.Popen(
            [self.binary, "backup", self.backup, "--store", self.store],
            cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.eventually(
            lambda: [name for name in os.listdir(self.folder) if name.endswith(".partial")], "the copy begins"
        )
        process.send_signal(signal.SIGTERM)
        output, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, (output, error))
        self.assertIn("stopped; nothing was changed", error)
        self.assertEqual([name for name in os.listdir(self.folder) if "backup" in name], [])

    def test_while_the_disk_is_full_every_refusal_says_so_and_nothing_need_be_restarted(self):
        folder = tempfile.mkdtemp(prefix="gestaloka-e2e-full-")
        self.addCleanup(os.rmdir, folder)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("a small file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        self.store = os.path.join(folder, "g.db")
        self.host = self.serve()
        token = self.token("player-1")
        answers, lock = [], threading.Lock()

        def play():
            for _ in range(150):
                answer = self.act(token)
                with lock:
                    answers.append(answer)

        threads = [threading.Thread(target=play) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({answer.status for answer in answers}, {202, 507})
        for answer in answers:
            if answer.status == 507:
                self.assertProblem(answer.json, 507)
        accepted = {answer.json["action_id"] for answer in answers if answer.status == 202}
        subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
        self.eventually(lambda: self.act(token).status == 202, "room again")
        self.assertEqual(self.host.terminate(), 0)
        self.assertLessEqual(accepted, {entry[0] for entry in self.journal("action")})
