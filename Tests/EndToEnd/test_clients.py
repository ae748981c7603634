"""python-socketio's client as it comes, which reconnects by itself: both transports, over drops and restarts."""

import socket
import threading
import unittest

import socketio

from host import PATIENCE
from lobby import LobbyTestCase, ours

TRANSPORTS = (["polling"], ["websocket"], ["polling", "websocket"])


class Client:
    """A client that goes on for as long as the test, with what it has heard in order."""

    def __init__(self, url, token, transports, namespaces=("/",)):
        self.heard = []
        self.connects = 0
        self.changed = threading.Condition()
        self.client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.3)
        for namespace in namespaces:
            self.client.on("*", self._hear, namespace=namespace)
            self.client.on("connect", self._connected, namespace=namespace)
            self.client.on("question", lambda question: {"to": question}, namespace=namespace)
        self.client.connect(
            url, auth={"token": token}, transports=transports, namespaces=list(namespaces), wait_timeout=PATIENCE)

    def _hear(self, event, *values):
        with self.changed:
            self.heard.append((event, *values))
            self.changed.notify_all()

    def _connected(self):
        with self.changed:
            self.connects += 1
            self.changed.notify_all()

    def wait(self, predicate, what, timeout=PATIENCE):
        with self.changed:
            if not self.changed.wait_for(predicate, timeout):
                raise AssertionError(f"not within {timeout} s: {what}; heard: {self.heard[-20:]}")

    def wait_for_connects(self, count):
        self.wait(lambda: self.connects >= count, f"{count} connects of {self.connects}")

    def wait_for(self, event):
        """The values of the first event of this name."""
        self.wait(lambda: any(name == event for name, *_ in self.heard), f"an event '{event}'")
        return next(values for name, *values in self.heard if name == event)

    def call(self, event, data, namespace="/"):
        return self.client.call(event, data, namespace=namespace, timeout=PATIENCE)

    def cut(self):
        """Ends the WebSocket under the client, as a network does."""
        self.client.eio.ws.sock.shutdown(socket.SHUT_RDWR)


class PythonClient(LobbyTestCase):
    def client(self, transports, player="ann", **options):
        client = Client(f"http://127.0.0.1:{self.port}", self.token_of(player), transports, **options)
        self.addCleanup(client.client.shutdown)
        return client

    def test_events_acknowledgements_and_bytes_over_each_transport(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client = self.client(transports)
                nested = {"nested": [1, None, "日本語 😀"]}
                for value in ("text", nested, b"\x00\xff", {"a": b"", "b": [b"\x01" * 70_000]}):
                    self.assertEqual(client.call("message", value), value)
                client.wait(lambda: len(client.heard) >= 4, "four events")
                self.assertEqual(client.heard[0], ("message-back", "text"))
                self.assertEqual(client.heard[2], ("message-back", b"\x00\xff"))

    def test_any_number_of_arguments_both_ways(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client = self.client(transports)
                for values in ((), (1,), ([1, 2],), (1, 2), ([],), (None, {"a": [3]}), (b"\x00\xff", "x", {"b": b""})):
                    # python-socketio gives one value for one argument, a tuple for several and None for none.
                    expected = values[0] if len(values) == 1 else values or None
                    self.assertEqual(client.call("relay", values), expected)
                    self.assertEqual(client.wait_for("relayed"), list(values))
                    client.heard.clear()

    def test_polling_is_upgraded_in_the_middle_of_a_conversation(self):
        for _ in range(3):
            client = self.client(["polling", "websocket"])
            for number in range(100):
                client.client.emit("message", number)
            client.wait(lambda: len(client.heard) >= 100, "a hundred answers")
            self.assertEqual(client.heard, [("message-back", number) for number in range(100)])
            self.assertEqual(client.client.transport(), "websocket")

    def test_the_servers_question(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client = self.client(transports)
                client.call("ask", {"question": "why?"})
                self.assertEqual(client.wait_for("answered"), [{"answer": {"to": "why?"}}])

    def test_two_namespaces(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client = self.client(transports, namespaces=("/", "/lobby"))
                self.assertEqual(client.call("message", 1), 1)
                self.assertEqual(client.call("whatever", 1, namespace="/lobby"), {"event": "whatever"})

    @ours("knows no tokens")
    def test_a_token_that_is_none(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client = socketio.Client(reconnection=False)
                refusals = []
                client.on("connect_error", refusals.append)
                with self.assertRaises(socketio.exceptions.ConnectionError):
                    client.connect(
                        f"http://127.0.0.1:{self.port}", auth={"token": "nonsense"}, transports=transports,
                        wait_timeout=PATIENCE)
                self.assertProblem(refusals[0]["data"], 401)

    def test_it_comes_back_when_its_connection_is_cut(self):
        client = self.client(["websocket"])
        for round in range(3):
            client.cut()
            client.wait_for_connects(round + 2)
            self.assertEqual(client.call("message", round), round)

    @ours("cannot be restarted here")
    def test_it_comes_back_when_the_host_was_killed_or_stopped(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                client, port = self.client(transports), self.port
                for round, end in enumerate((self.host.kill, self.host.terminate)):
                    getattr(self.host, end.__name__)()
                    self.host.process.stderr.close()
                    self.host = self.launch(("--port", str(port))).wait_until_serving()
                    client.wait_for_connects(round + 2)
                    self.assertEqual(client.call("message", round), round)
                    other = self.connected("bob")
                    other.call("chat", {"text": f"{transports} {round}"})
                    self.assertEqual(client.wait_for("chat")[0]["text"], f"{transports} {round}")
                    client.heard.clear()
                client.client.shutdown()


if __name__ == "__main__":
    unittest.main()
