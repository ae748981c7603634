"""Tests against the example Lobby, whose functions say back, chat, ask and close: what a protocol needs to show itself."""

import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from host import PATIENCE, ROOT, HostTestCase
from wires import Engine, Exchange, SocketIO, WebSocket

EXAMPLE = ROOT / "Examples/Echo"
LOBBY = pathlib.Path(os.environ.get("LOBBY_BIN", EXAMPLE / ".build/debug/Lobby"))

# python-socketio's server in place of ours, to test these tests; see reference.py.
IS_REFERENCE = bool(os.environ.get("GESTALOKA_REFERENCE"))


def ours(why):
    """Not for the reference: it has no such rule, or another."""
    return unittest.skipIf(IS_REFERENCE, f"the reference: {why}")


class Reference:
    """The reference server, as far as a test needs it to look like a host."""

    def __init__(self, variables):
        self.log = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("reference.py"), str(self.port)],
            env={**os.environ, **variables}, stdin=subprocess.DEVNULL)

    def stand_still(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_until_serving(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise AssertionError("the reference does not serve")


class LobbyTestCase(HostTestCase):
    """A lobby for each test, and players' wires to it that are closed at the end."""

    SECRET = "a-key-for-tests-of-the-lobby-only-0123456789"
    variables = {"SECRET_KEY": SECRET}
    binary = LOBBY
    options = ("--manifest", str(EXAMPLE / "lobby.yaml"))

    def setUp(self):
        if not IS_REFERENCE:
            self.assertTrue(LOBBY.exists(), f"there is no {LOBBY}: run Examples/Echo/try")
            return super().setUp()
        self.host = Reference({**LobbyTestCase.variables, **self.variables}).wait_until_serving()
        self.addCleanup(self.host.process.wait, PATIENCE)
        self.addCleanup(self.host.process.kill)

    def launch(self, arguments=("--port", "0"), **variables):
        return super().launch(arguments, **{**LobbyTestCase.variables, **variables})

    def command(self, *arguments, store=True, **variables):
        return super().command(*arguments, store=store, **{**LobbyTestCase.variables, **variables})

    @functools.cache
    def token_of(self, player, *options):
        """A token of this player's own session."""
        if IS_REFERENCE:
            return "none"
        done = self.command("token", "--player", player, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    @property
    def port(self):
        return self.host.port

    def kept(self, wire):
        self.addCleanup(wire.close)
        return wire

    def exchange(self, method, target, body=None, headers=(), piecewise=False):
        return self.kept(Exchange(self.port, method, target, body, headers, piecewise))

    def engine(self, **options):
        return Engine(self.port, **options)

    def websocket(self, target, **options):
        return self.kept(WebSocket(self.port, target, **options))

    def socketio(self, player="ann", **options):
        return self.kept(SocketIO(self.port, self.token_of(player), **options))

    def connected(self, player="ann", namespace="/"):
        """A client in a namespace; its id is `sid`."""
        client = self.socketio(player)
        client.sid = client.connect(namespace)["sid"]
        return client

    def auth(self, player="ann"):
        """The payload of a CONNECT of this player, without recovery, as JSON."""
        return '{"recovery":false,"token":"%s"}' % self.token_of(player)
