"""Several processes on one port and one store (`serve --workers N`)."""

import collections
import json
import os
import pathlib
import random
import signal
import socket
import threading

from host import PATIENCE, ROOT, HostTestCase

WORKERS = 3


class Workers(HostTestCase):
    variables = {
        "PLAYER_ACTION_RATE": "100000/second",
        "STORY_RATE": "100000/second",
        "LOG_LEVEL": "debug",
    }

    def launch(self, arguments=("--port", "0", "--workers", str(WORKERS)), **variables):
        return super().launch(arguments, **variables)

    def children(self, host=None):
        """The processes that a host has started and that are not gone from the system's table: by id, their state."""
        parent = (host or self.host).process.pid
        found = {}
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                # The name, which may hold anything, stands in parentheses.
                state, ppid = status.read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(ppid) == parent:
                found[int(status.parent.name)] = state
        return found

    def gone(self, pids):
        """Whether none of these processes runs any more."""
        for pid in pids:
            try:
                state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state != "Z":
                return False
        return True

    def open_connections(self, pid):
        """How many accepted connections a process holds."""
        port = f"{self.host.port:04X}"
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        accepted = {row[9] for row in rows if row[1].endswith(":" + port) and row[3] == "01"}
        count = 0
        for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = os.readlink(entry)
            except OSError:
                continue
            count += target.startswith("socket:[") and target[8:-1] in accepted
        return count

    def act(self, connection, token):
        connection.request(
            "POST",
            "/api/player/action",
            body='{"type":"look"}',
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        response.read()
        return response.status

    def messages(self, message, host=None):
        return [entry for entry in (host or self.host).log if entry["message"] == message]

    def test_every_worker_answers_and_what_it_does_is_kept(self):
        token = self.token("player")
        connections = [self.host.connection() for _ in range(60)]
        for connection in connections:
            self.addCleanup(connection.close)
        self.assertEqual(collections.Counter(self.act(each, token) for each in connections), {202: 60})
        workers = self.children()
        self.assertEqual(len(workers), WORKERS)
        held = {pid: self.open_connections(pid) for pid in workers}
        self.assertEqual(sum(held.values()), 60, held)
        self.assertTrue(all(held.values()), held)
        self.assertEqual(len(self.journal("action")), 60)
        self.eventually(lambda: self.rows("SELECT count(*) FROM job") == [(0,)], "no job left")
        told = collections.Counter(id for _, _, story, _ in self.journal("story") for id in story["action_ids"])
        self.assertEqual(len(told), 60)
        self.assertEqual(set(told.values()), {1}, "told more than once")

    def test_moves_of_one_player_through_all_workers_are_one_way_through_the_world(self):
        seed = random.randrange(1 << 32)
        world = json.loads((ROOT / "Sources/Handlers/Game/world.json").read_text())
        exits = {location["id"]: location["exits"] for location in world["locations"]}
        tokens = [self.guest()["token"] for _ in range(2)]
        statuses = collections.Counter()

        def wander(number):
            choose = random.Random(seed + number)
            for _ in range(60):
                action = {"type": choose.choice(["move", "look"]), "location_id": choose.choice(list(exits))}
                # A connection of its own each: any worker may have it.
                token = tokens[number % len(tokens)]
                answer = self.host.request("POST", "/api/player/action", action, token=token)
                statuses[answer.status] += 1

        threads = [threading.Thread(target=wander, args=(number,), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 4)
            self.assertFalse(thread.is_alive())
        self.assertEqual(set(statuses), {202, 409}, f"seed {seed}")
        places = {}
        for _, stream, entry, _ in self.journal("action"):
            before, now = places.get(stream), entry["location"]
            if before and entry["type"] == "move":
                self.assertIn(now, exits[before], f"{stream}, seed {seed}")
            elif before:
                self.assertEqual(now, before, f"{stream}, seed {seed}")
            places[stream] = now
        self.assertEqual(len(places), len(tokens))
        self.assertEqual(len(self.journal("action")), statuses[202])

    def test_serving_is_said_once_with_the_number_of_workers(self):
        serving = [entry for entry in self.host.log if entry["message"].startswith("Serving on ")]
        self.assertEqual(len(serving), 1)
        self.assertEqual(serving[0]["workers"], WORKERS)
        self.assertEqual(self.host.terminate(), 0)
        self.assertEqual(self.host.log[-1]["message"], "Stopped")
        self.assertEqual(len(self.messages("Stopping: finishing what is in flight")), WORKERS + 1)

    def test_a_worker_that_is_killed_is_started_again_and_no_new_connection_is_refused(self):
        token = self.token("player")
        before = self.children()
        refused, stop = [], threading.Event()

        def play():
            while not stop.is_set():
                connection = self.host.connection()
                try:
                    connection.connect()
                except OSError as error:
                    refused.append(error)
                try:
                    self.act(connection, token)
                except Exception:  # the worker was killed with the request
                    pass
                connection.close()

        threads = [threading.Thread(target=play, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for victim in sorted(before):
            returned = len(self.messages("A worker serves again"))
            os.kill(victim, signal.SIGKILL)
            self.eventually(lambda: len(self.messages("A worker serves again")) > returned, "a worker's return")
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive())
        after = self.children()
        self.assertEqual(len(after), WORKERS)
        self.assertFalse(set(before) & set(after))
        self.assertNotIn("Z", after.values())
        self.assertEqual(refused, [])
        ends = self.messages("A worker has ended")
        self.assertEqual([entry["signal"] for entry in ends], [9, 9, 9])
        self.assertEqual(sorted(entry["worker"] for entry in ends), [0, 1, 2])
        self.assertEqual([entry["again_in_ms"] for entry in ends], [0, 0, 0])

    def test_a_worker_that_goes_on_dying_is_waited_for_and_the_others_answer(self):
        token = self.token("player")
        for wait in (0, 100, 200, 400):
            number = len(self.messages("Worker started"))
            first = next(entry for entry in reversed(self.messages("Worker started")) if entry["worker"] == 0)
            os.kill(first["pid"], signal.SIGKILL)
            self.eventually(
                lambda: any(entry["again_in_ms"] == wait for entry in self.messages("A worker has ended")),
                f"a wait of {wait} ms",
            )
            if wait == 400:
                # Its socket is closed meanwhile: nobody waits for it.
                for _ in range(20):
                    answer = self.host.request("POST", "/api/player/action", {"type": "look"}, token=token)
                    self.assertEqual(answer.status, 202)
            self.eventually(lambda: len(self.messages("Worker started")) > number, "another start")
        self.assertEqual(self.host.terminate(), 0)

    def test_a_stop_ends_all_workers(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            workers = self.children()
            self.assertEqual(len(workers), WORKERS)
            self.host.process.send_signal(how)
            self.assertEqual(self.host.wait(), 0)
            self.assertTrue(self.gone(workers))
            self.assertEqual(self.host.log[-1]["message"], "Stopped")
            with self.assertRaises(OSError):
                socket.create_connection(("127.0.0.1", self.host.port), timeout=PATIENCE)
            self.assertEqual(self.rows("SELECT count(*) FROM connection"), [(0,)])
            self.host = self.serve()

    def test_a_second_signal_ends_them_at_once(self):
        workers = self.children()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        self.host.process.send_signal(signal.SIGTERM)
        self.assertTrue(self.host.logged(lambda entry: entry["message"].startswith("Stopping")))
        self.host.insist(signal.SIGINT)
        self.assertEqual(self.host.wait(), 1)
        self.assertTrue(self.gone(workers))
        self.assertEqual(self.host.log[-1]["unfinished"], WORKERS)

    def test_workers_end_with_the_process_that_started_them(self):
        workers = self.children()
        self.host.process.kill()
        self.host.wait()
        self.eventually(lambda: self.gone(workers), "the end of the workers")
        self.host = self.serve()

    def test_a_port_in_use_is_refused_also_to_workers_of_the_same_user(self):
        for arguments in ([], ["--workers", "1"], ["--workers", "2"]):
            other = self.launch(("--port", str(self.host.port), *arguments))
            self.assertEqual(other.wait(), 1)
            message = "\n".join(entry["message"] for entry in other.log)
            self.assertIn(f"127.0.0.1:{self.host.port} is in use", message)
        # Neither a program that shares its port with whoever wants to.
        with socket.socket() as sharing:
            sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sharing.bind(("127.0.0.1", 0))
            sharing.listen()
            port = sharing.getsockname()[1]
            other = self.launch(("--port", str(port), "--workers", "2"))
            self.assertEqual(other.wait(), 1)
            self.assertIn("is in use", other.log[-1]["message"])
        self.assertEqual(self.host.request("POST", "/api/session", {"name": "x"}).status, 201)

    def test_a_start_that_fails_says_so_once(self):
        self.host.terminate()
        pathlib.Path(self.store).write_text("a poem\n" * 200)
        other = self.launch()
        self.assertEqual(other.wait(), 1)
        self.assertEqual(len([entry for entry in other.log if self.store in entry["message"]]), 1)

    def test_there_is_a_limit_to_workers(self):
        self.assertEqual(self.command("serve", "--workers", "65").returncode, 2)
