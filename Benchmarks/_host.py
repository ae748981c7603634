"""A host of ours to measure, and the load: what the benchmarks of this folder share."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / ".build/release/gestaloka"
PEERS = ROOT.parent / "shared/peers"


def build(*product):
    print("building a release ...", file=sys.stderr)
    if subprocess.run([ROOT / "script/build", *product], cwd=ROOT).returncode != 0:
        sys.exit(1)


def memory(pid):
    """Bytes of a process."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, amount, *_ = line.split()
        found[name.rstrip(":")] = int(amount) * 1_024
    return {"pss": found["Pss"], "rss": found["Rss"], "anonymous": found["Anonymous"]}


def environment(**variables):
    settings = {"PLAYER_ACTION_RATE": "1000000000/minute", "SECRET_KEY": "benchmark-" * 5, "GUESTS": "true"}
    return {**os.environ, **settings, **variables}


def rate(wrk_output):
    found = re.search(r"Requests/sec:\s*([\d.]+)", wrk_output)
    if not found:
        sys.exit(f"wrk printed no rate:\n{wrk_output}")
    if "Non-2xx" in wrk_output:
        sys.exit(f"some requests were refused:\n{wrk_output}")
    return float(found.group(1))


# ip(7); Python 3.11 has no name for it.
IP_BIND_ADDRESS_NO_PORT = 24


def bind(client, address):
    """Has a client's socket come from an address. With a bare bind(2) the kernel looks for a port that no connection
    has at all, those of the last run included, and soon takes most of the time for it."""
    client.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((address, 0))


class Host:
    """A host of ours on a free port, with a store and a log of its own in `folder`; `variables` are settings."""

    def __init__(self, folder, *arguments, **variables):
        self.store = f"{folder}/bench.db"
        self.log = open(f"{folder}/log", "w+")
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--port", "0", "--store", self.store, *arguments],
            cwd=ROOT, env=environment(**variables), stdout=subprocess.DEVNULL, stderr=self.log)
        self.url = self.wait_for_address()

    def wait_for_address(self):
        while time.monotonic() < self.begun + 20:
            found = re.search(r"Serving on (http://[^\"]+)", pathlib.Path(self.log.name).read_text())
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.0005)
        sys.exit(f"the host did not start: {pathlib.Path(self.log.name).read_text()}")

    def open_session(self):
        """A guest's token, and the seconds from exec to this answer."""
        request = urllib.request.Request(self.url + "/api/session", data=b"{}", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            token = json.load(answer)["token"]
        return token, time.monotonic() - self.begun

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    def token(self, player):
        """A token of this player's own session."""
        done = subprocess.run(
            [BINARY, "token", "--player", player, "--store", self.store], cwd=ROOT, env=environment(),
            capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            sys.exit(f"there is no token: {done.stderr}")
        return done.stdout.strip()

    def actions(self, token, seconds, peers):
        """Player actions a second: wrk with 32 connections."""
        out = subprocess.run(
            ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", peers / "action.lua", self.url + "/api/player/action"],
            env=dict(os.environ, TOKEN=token), capture_output=True, text=True, timeout=seconds + 60)
        return rate(out.stdout)

    @property
    def worker(self):
        """The process that serves; the one that was started here only starts it."""
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
