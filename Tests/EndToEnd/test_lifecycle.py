"""Starting and stopping: clean stops, refused starts, and two processes on one store."""

import hashlib
import http.client
import json
import pathlib
import signal
import sqlite3
import threading

import socketio

from host import BINARY, HostTestCase
from player import Player


def variables_of(host):
    pairs = pathlib.Path(f"/proc/{host.worker}/environ").read_bytes().split(b"\0")
    return dict(pair.split(b"=", 1) for pair in pairs if b"=" in pair)


class SettingsOfMalloc(HostTestCase):
    def test_malloc_has_larger_caches_and_the_process_its_own_name(self):
        # Where glibc reads it, it ends each setting with a NUL.
        self.assertEqual(variables_of(self.host)[b"GLIBC_TUNABLES"], b"glibc.malloc.tcache_count=160")
        for process in (self.host.process.pid, self.host.worker):
            name = pathlib.Path(f"/proc/{process}/comm").read_text().strip()
            self.assertEqual(name, BINARY.name[:15])


class GivenSettingsOfMalloc(HostTestCase):
    variables = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=9"}

    def test_they_are_kept(self):
        self.assertEqual(variables_of(self.host)[b"GLIBC_TUNABLES"], b"glibc.malloc.tcache_count=9")


class Stopping(HostTestCase):
    variables = {"PLAYER_ACTION_RATE": "100000/second", "STORY_RATE": "100000/second"}

    def test_a_stop_answers_what_is_in_flight_and_says_so(self):
        token = self.token("player")
        answered, problems = [], []
        warm = threading.Event()

        def play():
            connection = self.host.connection()
            headers = {"Authorization": f"Bearer {token}"}
            while True:
                try:
                    body = json.dumps({"type": "look"})
                    connection.request("POST", "/api/player/action", body=body, headers=headers)
                    response = connection.getresponse()
                    body = response.read()
                except (OSError, http.client.HTTPException):
                    break  # stopped between two requests
                (answered if response.status == 202 else problems).append(json.loads(body))
                if len(answered) >= 100:
                    warm.set()
            connection.close()

        threads = [threading.Thread(target=play, daemon=True) for _ in range(12)]
        for thread in threads:
            thread.start()
        self.assertTrue(warm.wait(30))
        status = self.host.terminate()
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        self.assertEqual(status, 0)
        self.assertEqual(self.host.log[-1]["message"], "Stopped")
        self.assertEqual(problems, [])
        # Whatever was done was answered.
        self.assertEqual(
            {id for id, _, _, _ in self.journal("action")}, {answer["action_id"] for answer in answered}
        )

    def test_an_event_in_flight_is_acknowledged_before_its_socket_closes(self):
        token = self.token("player")
        players = [Player(self.host, token, "player").connect() for _ in range(8)]
        acknowledged = []
        warm = threading.Event()

        def play(player):
            while True:
                try:
                    answer = player.client.call("player_action", {"type": "look"}, timeout=2)
                except socketio.exceptions.SocketIOError:
                    break  # stopped between two events
                acknowledged.append(answer["action_id"])
                if len(acknowledged) >= 40:
                    warm.set()

        threads = [threading.Thread(target=play, args=(player,), daemon=True) for player in players]
        for thread in threads:
            thread.start()
        self.assertTrue(warm.wait(30))
        self.assertEqual(self.host.terminate(), 0)
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        self.assertEqual({id for id, _, _, _ in self.journal("action")}, set(acknowledged))

    def test_an_interrupt_from_the_keyboard_stops_it_as_well(self):
        player = Player(self.host, self.guest()["token"]).connect()
        self.host.process.send_signal(signal.SIGINT)
        self.assertEqual(self.host.wait(), 0)
        self.assertEqual(self.host.log[-1]["message"], "Stopped")
        player.expect("disconnect")
        player.close()
        self.assertEqual(self.rows("SELECT count(*) FROM connection WHERE lost_at IS NULL"), [(0,)])


class Starting(HostTestCase):
    SECRET = "0123456789abcdef0123456789abcdef"

    def setUp(self):
        self.serve_first = self.serve
        super().setUp()

    def refused(self, arguments=("--port", "0"), **variables):
        """The message of a start that fails."""
        host = self.launch(arguments, **variables)
        self.assertEqual(host.wait(), 1)
        return "\n".join(entry["message"] for entry in host.log)

    def test_a_second_host_on_the_same_port_is_refused_and_the_first_goes_on(self):
        session = self.guest()
        self.assertEqual(self.act(session["token"]).status, 202)
        message = self.refused(("--port", str(self.host.port)))
        self.assertIn(f"127.0.0.1:{self.host.port} is in use", message)
        self.assertEqual(self.act(session["token"]).status, 202)
        self.assertEqual(len(self.journal("action")), 2)

    def test_a_second_host_on_the_same_store_serves_the_same_game(self):
        second = self.serve()
        ours, theirs = self.guest("Ours"), self.guest("Theirs")
        actor = Player(self.host, ours["token"], ours["player_id"])
        other = Player(second, theirs["token"], theirs["player_id"])
        for player in (actor, other):
            player.connect()
            self.addCleanup(player.close)
        done = actor.act("say", "across")
        self.assertEqual(other.expect("world_update")["action"]["text"], "across")
        story = actor.expect("story_response")
        self.assertEqual(story["action_ids"], [done["action_id"]])

    def test_production_needs_a_long_key_and_no_guests(self):
        production = {"ENVIRONMENT": "production", "GUESTS": "false"}
        self.assertIn("SECRET_KEY", self.refused(**production))
        self.assertIn("at least 32", self.refused(**production, SECRET_KEY="x" * 31))
        self.assertIn("guests", self.refused(ENVIRONMENT="production", SECRET_KEY=self.SECRET))
        self.assertIn("ENVIRONMENT", self.refused(ENVIRONMENT="staging"))

    def test_production_serves_players_with_tokens(self):
        production = {"ENVIRONMENT": "production", "GUESTS": "false", "SECRET_KEY": self.SECRET}
        self.host = self.serve(**production)
        self.assertProblem(self.host.request("POST", "/api/session", {}).json, 403)
        token = self.token("mika", **production)
        player = Player(self.host, token, "mika")
        self.addCleanup(player.close)
        player.connect()
        self.assertIn("action_id", player.act("look"))
        player.expect("story_response")

    def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(self):
        self.host.terminate()
        database = sqlite3.connect(self.store)
        database.execute("PRAGMA user_version = 999")
        database.close()
        before = hashlib.sha256(pathlib.Path(self.store).read_bytes()).digest()
        message = self.refused()
        self.assertIn("schema version 999", message)
        self.assertEqual(hashlib.sha256(pathlib.Path(self.store).read_bytes()).digest(), before)

    def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(self):
        self.host.terminate()
        self.store += ".txt"
        pathlib.Path(self.store).write_text("a poem\n" * 200)
        self.assertIn(self.store, self.refused())
        self.assertEqual(pathlib.Path(self.store).read_text(), "a poem\n" * 200)

    def test_a_store_that_others_can_read_is_told(self):
        private = self.host.logged(lambda entry: "Serving on" in entry["message"])
        self.assertIsNotNone(private)
        self.assertNotIn("The store is not private", [entry["message"] for entry in self.host.log])
        self.host.terminate()
        pathlib.Path(self.store).chmod(0o644)
        host = self.serve()
        told = host.logged(lambda entry: entry["message"] == "The store is not private")
        self.assertEqual(told["level"], "warning")
        self.assertEqual(told["reason"], f"others can read {self.store}: chmod 600 {self.store}")

    def act(self, token):
        return self.host.request("POST", "/api/player/action", {"type": "look"}, token=token)


class Invoking(HostTestCase):
    def test_what_invoke_does_reaches_the_sockets_and_queues_of_a_running_host(self):
        ours, theirs = self.guest("Ours"), self.guest("Theirs")
        actor = Player(self.host, ours["token"], ours["player_id"])
        other = Player(self.host, theirs["token"], theirs["player_id"])
        for player in (actor, other):
            player.connect()
            self.addCleanup(player.close)
        data = json.dumps({"type": "say", "text": "from outside"})
        done = self.command("invoke", "player-action", "--as", ours["player_id"], "--data", data)
        self.assertEqual(done.returncode, 0, done.stderr)
        action = json.loads(done.stdout)
        self.assertEqual(other.expect("world_update")["action"]["text"], "from outside")
        self.assertEqual(actor.expect("story_response")["action_ids"], [action["action_id"]])

        done = self.command("invoke", "player-action", "--as", ours["player_id"], "--data", '{"type":"hum"}')
        self.assertEqual(done.returncode, 1)
        self.assertProblem(json.loads(done.stdout), 422)
        self.assertEqual(self.command("invoke", "player-acton").returncode, 2)
