"""A stream of numbered events through lost connections and killed hosts: what `script/soak` and test_recovery.py run.

The clients are of their own making, and recover as socket.io-client does: with the `pid` of their first CONNECT and the
`offset` of the last event they have seen. What they heard is then held against what the producers were told.
"""

import asyncio
import base64
import collections
import dataclasses
import json
import os
import random
import socket
import struct
import subprocess
import time

from host import BINARY, PATIENCE, ROOT, Host, environment
from stream import END, EVENT, Producer, check

KEY = "a-key-for-soaking-only-0123456789abcdef"


class Gone(Exception):
    """A connection has ended."""


@dataclasses.dataclass
class Plan:
    """What is to happen, and how much of it."""

    seed: int
    clients: int = 30
    producers: int = 3
    disconnects: int = 1_000
    kills: int = 20
    # How long it takes, the kills aside.
    seconds: float = 60
    # Events a second of all producers together.
    rate: float = 150
    # The longest that a client stays away on purpose.
    away: float = 1.0


class Client:
    """A player's socket, which returns whenever it was lost."""

    def __init__(self, name, port, token):
        self.name, self.port, self.token = name, port, token
        self.was_connected = False
        self.pid = None
        self.offset = None
        # (id, offset) of every event, in the order of arrival.
        self.heard = []
        self.returns = 0
        self.recoveries = 0
        # How long it had been away (in seconds) when it was not recovered.
        self.fresh = []
        self.is_connected = asyncio.Event()
        self.has_ended = asyncio.Event()
        self.faults = []
        self._left = None
        self._away = 0
        self._writer = None
        self._silent = []

    async def run(self):
        while True:
            try:
                await self._converse()
            except (OSError, Gone, asyncio.IncompleteReadError, TimeoutError):
                pass
            finally:
                self.is_connected.clear()
                self._left = self._left or time.monotonic()
            # Killed hosts need a moment.
            await asyncio.sleep(max(self._away, 0.02))
            self._away = 0

    async def _converse(self):
        reader, self._writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 5)
        self._reader = reader
        try:
            await asyncio.wait_for(self._connect(reader), 10)
            while True:
                packet = await self._packet(reader)
                if packet.startswith("42"):
                    self._hear(json.loads(packet[2:]))
                elif packet == "41":
                    self.faults.append(f"{self.name}: was disconnected by the server")
                    raise Gone
        finally:
            if self._writer not in self._silent:
                self._writer.transport.abort()

    async def _connect(self, reader):
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise Gone
        await self._packet(reader)  # Engine.IO: open
        auth = {"token": self.token}
        if self.pid is not None:
            auth["pid"] = self.pid
            if self.offset is not None:
                auth["offset"] = self.offset
        self._send(f"40{json.dumps(auth)}")
        packet = await self._packet(reader)
        if not packet.startswith("40"):
            self.faults.append(f"{self.name}: CONNECT was answered by {packet[:200]}")
            raise Gone
        answer = json.loads(packet[2:])
        if self.was_connected:
            self.returns += 1
            if self.pid is not None and answer.get("pid") == self.pid:
                self.recoveries += 1
            else:
                self.fresh.append(time.monotonic() - self._left)
        self.was_connected = True
        self.pid = answer.get("pid")
        self._left = None
        self.is_connected.set()

    def _hear(self, event):
        name, *values = event
        offset = values[-1] if values and isinstance(values[-1], str) else None
        # As socket.io-client takes it: any string that comes last.
        self.offset = offset or self.offset
        if name != EVENT:
            return
        if offset is None or not offset.isdigit():
            self.faults.append(f"{self.name}: an event without an offset: {event}")
            offset = "0"
        self.heard.append((values[0]["id"], offset))
        if values[0]["id"] == END:
            self.has_ended.set()

    # MARK: Frames

    async def _packet(self, reader):
        """The next Engine.IO packet; pings are answered."""
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await reader.readexactly(8))
            payload = await reader.readexactly(size)
            if first & 0x0F == 8:
                raise Gone
            text = payload.decode()
            if first & 0x0F == 1 and text != "2":
                return text
            if text == "2":
                self._send("3")

    def _send(self, text):
        self._frame(1, text.encode())

    def _frame(self, opcode, payload):
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
        # A mask of zeros is one, and leaves the payload as it is.
        self._writer.write(head + bytes(4) + payload)

    # MARK: Going away

    def reset(self, away):
        """As a crashed peer: TCP's reset."""
        self._away = away
        wire = self._writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def fall_silent(self, away):
        """Half open: the old connection stays without a word, as when a laptop's network has changed."""
        self._away = away
        self._silent.append(self._writer)
        self._writer.transport.pause_reading()
        self._reader.set_exception(Gone())

    def say_goodbye(self, away):
        """A clean close of the transport; not of the Socket.IO connection, which would not be recoverable."""
        self._away = away
        self._frame(8, struct.pack("!H", 1000))

    def close_engine(self, away):
        """Engine.IO's close packet, as `engine.close()` of the JavaScript client sends it."""
        self._away = away
        self._send("1")

    def drop_silent(self, keep):
        """Lets go of all but the last of the half-open connections."""
        while len(self._silent) > keep:
            self._silent.pop(0).transport.abort()


class Soak:
    """A host with a store of its own in `folder`, and all that happens to it."""

    def __init__(self, plan, folder, tell=lambda line: None, binary=BINARY):
        self.plan, self.folder, self.tell, self.binary = plan, folder, tell, binary
        self.chance = random.Random(plan.seed)
        self.store = os.path.join(folder, "soak.db")
        self.manifest = os.path.join(folder, "functions.yaml")
        self.variables = {"SECRET_KEY": KEY, "LOG_LEVEL": "INFO"}
        self.disconnects = collections.Counter()
        self.kills = 0
        self.host = None

    def run(self):
        """Soaks; the complaints."""
        self._write_manifest()
        try:
            return asyncio.run(self._run())
        finally:
            if self.host and self.host.process.poll() is None:
                self.host.kill()
            if self.host:
                self.host.process.stderr.close()

    def _write_manifest(self):
        """The game's, with a rate that does not stop the stream, and pings that notice silence soon."""
        text = (ROOT / "functions.yaml").read_text()
        head, mark, broadcast = text.partition("  broadcast:\n")
        assert mark and "rate: 60/minute" in broadcast, "functions.yaml has another 'broadcast'"
        text = head + mark + broadcast.replace("rate: 60/minute", "rate: 1000000/second")
        for key, value in (("ping-interval", "2s"), ("ping-timeout", "2s")):
            before = next(line for line in text.splitlines() if line.strip().startswith(key + ":"))
            text = text.replace(before, f"  {key}: {value}")
        with open(self.manifest, "w", encoding="utf-8") as file:
            file.write(text)

    def _serve(self, port=0):
        arguments = ("--port", str(port), "--manifest", self.manifest)
        self.host = Host(self.store, self.variables, arguments, self.binary).wait_until_serving()

    def _token(self, player, *options):
        done = subprocess.run(
            [self.binary, "token", "--player", player, *options, "--expires", "1d", "--store", self.store,
             "--manifest", self.manifest],
            cwd=ROOT, env=environment(**self.variables), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    async def _run(self):
        self._serve()
        port = self.port = self.host.port
        ops = self._token("keeper", "--role", "ops")
        self.clients = [Client(f"client-{n}", port, self._token(f"player-{n}")) for n in range(self.plan.clients)]
        self.producers = [Producer(f"p{n}", port, ops) for n in range(self.plan.producers)]
        tasks = [asyncio.create_task(client.run()) for client in self.clients]
        try:
            await asyncio.wait_for(asyncio.gather(*(client.is_connected.wait() for client in self.clients)), 60)
            self.tell(f"{len(self.clients)} clients are connected")
            over = asyncio.Event()
            pause = self.plan.producers / self.plan.rate
            streams = [asyncio.create_task(producer.run(pause, over.is_set)) for producer in self.producers]
            await self._disturb()
            over.set()
            await asyncio.gather(*streams)
            return await self._end()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for client in self.clients:
                client.drop_silent(keep=0)

    async def _disturb(self):
        plan = self.plan
        pause = plan.seconds / max(1, plan.disconnects)
        kills = sorted(self.chance.sample(range(plan.disconnects), plan.kills)) if plan.kills else []
        told = time.monotonic()
        for number in range(plan.disconnects):
            if kills and kills[0] == number:
                kills.pop(0)
                await self._kill()
            await asyncio.sleep(self.chance.uniform(0, 2 * pause))
            await self._disconnect()
            if time.monotonic() - told > 2:
                told = time.monotonic()
                self.tell(self.progress())

    async def _disconnect(self):
        # Whoever is away already cannot be lost.
        for _ in range(1_000):
            client = self.chance.choice(self.clients)
            if client.is_connected.is_set():
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError("nobody is connected")
        how = self.chance.choice((client.reset, client.fall_silent, client.say_goodbye, client.close_engine))
        client.drop_silent(keep=1)
        client.is_connected.clear()
        client._left = time.monotonic()
        # Some are back at once, before the server has noticed.
        how(self.chance.choice((0, self.chance.uniform(0, self.plan.away))))
        self.disconnects[how.__name__] += 1

    async def _kill(self):
        await asyncio.to_thread(self.host.kill)
        self.host.process.stderr.close()
        self.kills += 1
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        await asyncio.to_thread(self._serve, self.port)

    async def _end(self):
        """The last event, once everyone is there; then what all have heard is looked at."""
        producer = self.producers[0]
        for _ in range(50):
            if await producer.send(END):
                break
        waits = asyncio.gather(*(client.has_ended.wait() for client in self.clients))
        try:
            await asyncio.wait_for(waits, 30)
        except TimeoutError:
            pass
        self.tell(self.progress())
        complaints = check(
            {client.name: client.heard for client in self.clients},
            [id for producer in self.producers for id in producer.answered],
            [id for producer in self.producers for id in producer.unanswered])
        for client in self.clients:
            complaints += client.faults[:3]
            if client.fresh:
                longest = max(client.fresh)
                complaints.append(
                    f"{client.name} was not recovered {len(client.fresh)} of {client.returns} times, within {longest:.1f} s")
        for producer in self.producers:
            complaints += [f"a broadcast was refused: {refusal}" for refusal in producer.refused[:3]]
        return complaints

    def progress(self):
        answered = sum(len(producer.answered) for producer in self.producers)
        unanswered = sum(len(producer.unanswered) for producer in self.producers)
        return (
            f"{sum(self.disconnects.values())} disconnects {dict(sorted(self.disconnects.items()))}, {self.kills} kills, "
            f"{answered} events answered, {unanswered} not, {sum(len(client.heard) for client in self.clients)} heard, "
            f"{sum(client.recoveries for client in self.clients)} of {sum(client.returns for client in self.clients)} "
            "returns recovered")
