"""A lobby whose doors are narrow: what a crowd meets, small enough for a test."""

import contextlib
import json
import os
import sqlite3
import tempfile

from host import PATIENCE
from lobby import EXAMPLE, LobbyTestCase
from wires import Ended


class CrowdTestCase(LobbyTestCase):
    """A lobby in which `$connect` and `$disconnect` run one at a time, unless a class says otherwise."""

    # How many may run at once, by function.
    concurrency = {"enter": 1, "leave": 1}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gestaloka-crowd-")
        self.addCleanup(folder.cleanup)
        manifest = (EXAMPLE / "lobby.yaml").read_text()
        for name, count in self.concurrency.items():
            before, mark, after = manifest.partition(f"\n  {name}:\n")
            self.assertTrue(mark, f"lobby.yaml has no function '{name}'")
            manifest = f"{before}{mark}    limits:\n      concurrency: {count}\n{after}"
        path = os.path.join(folder.name, "lobby.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(manifest)
        self.options = ("--manifest", path)
        super().setUp()

    def present(self):
        """The connections that the store takes for open ones: their ids."""
        return {id for id, in self.rows("SELECT id FROM connection WHERE lost_at IS NULL")}

    def assertPresent(self, ids, what):
        """The store comes to hold just these for open; the gauge says as many."""
        ids = set(ids)
        try:
            self.eventually(lambda: self.present() == ids and self.open_sockets() == len(ids), what)
        except AssertionError as failure:
            present = self.present()
            more, fewer = sorted(present - ids), sorted(ids - present)
            raise AssertionError(
                f"{failure}; of {len(present)} in the store {len(more)} are nobody's and {len(fewer)} are missing; "
                f"the gauge says {self.open_sockets()} of {len(ids)}: {more[:3]} {fewer[:3]}") from None

    def open_sockets(self):
        metrics = self.host.request("GET", "/metrics").body.decode()
        return int(float(next(
            line.split()[1] for line in metrics.splitlines() if line.startswith("gestaloka_open_sockets"))))

    @contextlib.contextmanager
    def one_instant(self):
        """What is sent meanwhile comes to the host all at once."""
        self.host.stand_still()
        try:
            yield
        finally:
            self.host.go_on()

    @contextlib.contextmanager
    def locked_store(self):
        """Another process writes to the store meanwhile: nothing that the host decides can be written down."""
        database = sqlite3.connect(self.store, isolation_level=None, timeout=PATIENCE)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")
        finally:
            database.close()


def answer(client, namespace="/"):
    """What a client hears of its CONNECT: ("sid", the payload), ("refused", the payload) or ("ended", code)."""
    prefix = "" if namespace == "/" else namespace + ","
    try:
        while True:
            packet = client.next()
            if isinstance(packet, tuple):
                return "ended", packet[0]
            if packet == "2":
                client.text("3")
            for kind, word in (("40", "sid"), ("44", "refused")):
                if isinstance(packet, str) and packet.startswith(kind + prefix + "{"):
                    return word, json.loads(packet[len(kind) + len(prefix) :])
    except Ended:
        return "ended", None
    except TimeoutError:
        return "silence", None
