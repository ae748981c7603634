"""A player's client: python-socketio's, as it comes, with what it has heard in order."""

import threading
import time

import socketio

from host import PATIENCE


class Player:
    """A socket of a player."""

    def __init__(self, host, token, player_id=None):
        self.host = host
        self.token = token
        self.player_id = player_id
        self.heard = []
        self.refusal = None
        self._changed = threading.Condition()
        self.client = socketio.Client(reconnection=False)
        self.client.on("*", self._hear)
        self.client.on("connect_error", self._refused)
        self.client.on("disconnect", lambda *reason: self._hear("disconnect", None))

    def _hear(self, event, *arguments):
        with self._changed:
            self.heard.append((event, arguments[0] if arguments else None))
            self._changed.notify_all()

    def _refused(self, data):
        self.refusal = data

    def connect(self):
        auth = {"token": self.token} if self.token is not None else None
        self.client.connect(self.host.url, auth=auth, transports=["websocket"], wait_timeout=PATIENCE)
        return self

    def close(self):
        self.client.disconnect()

    def act(self, type, text="", location_id=None):
        """Acts over the socket; the acknowledgement."""
        data = {"type": type, "text": text}
        if location_id is not None:
            data["location_id"] = location_id
        return self.call("player_action", data)

    def call(self, event, data):
        return self.client.call(event, data, timeout=PATIENCE)

    def post(self, type, text="", location_id=None):
        """Acts over HTTP; the answer."""
        data = {"type": type, "text": text}
        if location_id is not None:
            data["location_id"] = location_id
        return self.host.request("POST", "/api/player/action", data, token=self.token)

    def events(self, name):
        """What was heard under this name so far."""
        with self._changed:
            return [data for event, data in self.heard if event == name]

    def expect(self, name, fits=lambda data: True, timeout=PATIENCE):
        """The first event of this name that fits, whether it has come already or comes in time."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for event, data in self.heard:
                    if event == name and fits(data):
                        return data
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no fitting '{name}' within {timeout} s; heard: {self.heard}")
                self._changed.wait(left)
