"""A crowd of clients of every kind around one store, what it is told, and what is wrong with it at the end."""

import asyncio
import collections
import random
import sqlite3
import time
import urllib.request

from storm_clients import UNHEARD_GOODBYE, PlainClient, SocketIOClient
from stream import END, EVENT, ROOM, Producer, check_chains
from swarm import Swarms

NAMESPACES = ("/", "/lobby")


class Crowd:
    """`hosts` are those of the store that run now; the first is the one that the crowd connects to."""

    def __init__(self, hosts, store, tokens, ops, chance, nodes, silence, tell):
        self.hosts, self.store, self.tokens, self.chance, self.tell = hosts, store, tokens, chance, tell
        self.port = hosts[0].port
        # How long a connected client that is not patient bears silence.
        self.silence = silence
        self.clients = []
        self.swarms = Swarms(nodes) if nodes else None
        self.refusals = collections.Counter()
        self.closes = collections.Counter()
        self.waiting = set()
        self.everybody = asyncio.Event()
        # One producer a namespace: its events have one order.
        self.producers = {
            namespace: Producer("main" if namespace == "/" else "lobby", self.port, ops, self._room(namespace))
            for namespace in NAMESPACES
        }
        # Whether a host may have ended before it has read a goodbye.
        self.goodbyes_may_be_lost = False
        self.complaints = []

    @staticmethod
    def _room(namespace):
        return ROOM if namespace == "/" else f"{namespace}#{ROOM}"

    async def start(self):
        if self.swarms:
            await self.swarms.start()
        self._watch = asyncio.create_task(self._look())

    async def _look(self):
        while True:
            await asyncio.sleep(0.5)
            now = time.monotonic()
            for client in self.clients:
                client.look(now)

    async def stop(self):
        self._watch.cancel()
        for client in self.clients:
            client.vanish(comes_back=False)
        if self.swarms:
            await self.swarms.stop()

    def note_connected(self, client):
        self.waiting.discard(client)
        if not self.waiting:
            self.everybody.set()

    # MARK: Coming

    async def connect(self, raw, plain, pages, patient=0):
        """All set out at one instant; how long it takes until everyone is there, None if somebody is not."""
        first = len(self.clients)
        crowd = [
            SocketIOClient(self, first + n, self._token(first + n), NAMESPACES if n % 4 == 0 else ("/",), n < patient)
            for n in range(raw)
        ]
        crowd += [PlainClient(self, first + raw + n, self._token(n)) for n in range(plain)]
        self.clients += crowd
        self._await(crowd)
        begun = time.monotonic()
        for client in crowd:
            client.open()
        if pages:
            await self.swarms.open(
                pages, url=f"http://127.0.0.1:{self.port}", tokens=self.tokens, namespaces=NAMESPACES)
        return await self.all_there(begun)

    def _token(self, number):
        return self.tokens[number % len(self.tokens)]

    def _await(self, clients):
        self.waiting = {client for client in clients if not client.is_connected}
        self.everybody.clear()
        if not self.waiting:
            self.everybody.set()

    async def all_there(self, begun, patience=60):
        """Waits until everyone is connected; the seconds since `begun`, None if somebody is not there in time."""
        self._await(self.clients)
        deadline = begun + patience
        told, last = time.monotonic(), None
        while time.monotonic() < deadline:
            try:
                await asyncio.wait_for(self.everybody.wait(), 0.2)
                here = time.monotonic()
                if not self.swarms or (await self.swarms.look())["pages"] == self.swarms.pages:
                    return max(here, time.monotonic() if self.swarms else 0) - begun
                await asyncio.sleep(0.05)
            except TimeoutError:
                pass
            if time.monotonic() - told > 3:
                told, state = time.monotonic(), await self.state()
                if state != last:
                    last = state
                    self.tell(f"  {state}")
        return None

    async def state(self):
        here = collections.Counter(client.kind for client in self.clients if client.is_connected)
        all = collections.Counter(client.kind for client in self.clients)
        words = [f"{here[kind]} of {all[kind]} {kind}" for kind in sorted(all)]
        if self.swarms:
            words.append(f"{(await self.swarms.look())['pages']} of {self.swarms.pages} JavaScript")
        return ", ".join(words) + " clients are connected"

    # MARK: Events

    async def stream(self, seconds, rate):
        """Sends events for a while: `rate` of them a second in each namespace."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(
            producer.run(1 / rate, lambda: time.monotonic() > end) for producer in self.producers.values()))

    # MARK: What the store says

    def present(self):
        """The connections that the store takes for open: {id: host}."""
        database = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=15)
        try:
            return dict(database.execute("SELECT id, host FROM connection WHERE lost_at IS NULL").fetchall())
        finally:
            database.close()

    def gauge(self):
        """What the hosts say of their open sockets, together."""
        total = 0
        for host in self.hosts:
            with urllib.request.urlopen(f"{host.url}/metrics", timeout=15) as answer:
                lines = answer.read().decode().splitlines()
            total += int(float(next(line.split()[1] for line in lines if line.startswith("gestaloka_open_sockets"))))
        return total

    async def ghosts(self, what, patience=20):
        """Waits until the store, the gauge and the clients agree; complains if they do not."""
        deadline = time.monotonic() + patience
        while True:
            present, gauge = await asyncio.to_thread(self.present), await asyncio.to_thread(self.gauge)
            known, plain = set(), 0
            for client in self.clients:
                if isinstance(client, PlainClient):
                    plain += client.is_connected
                else:
                    known |= {place.sid for place in client.places.values() if place.is_connected}
            if self.swarms:
                known |= set((await self.swarms.look())["sids"])
            ghosts = len(set(present) - known) - plain
            missing = len(known - set(present))
            if ghosts == missing == 0 and gauge == len(present):
                return
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.2)
        if ghosts > 0:
            self.complaints.append(f"{what}: {ghosts} of {len(present)} connections in the store are nobody's")
        if missing or ghosts < 0:
            self.complaints.append(f"{what}: {max(missing, -ghosts)} live sockets are not in the store")
        if gauge != len(present):
            self.complaints.append(f"{what}: the gauge says {gauge} open sockets, the store {len(present)}")

    # MARK: The end

    async def settle(self, what, may_begin_anew=False):
        """Everyone is there again, has heard what there was, and is in the store; then all say goodbye."""
        took = await self.all_there(time.monotonic(), patience=45)
        if took is None:
            self.complaints.append(f"{what}: somebody is away for good: {await self.state()}")
        for producer in self.producers.values():
            for _ in range(50):
                if await producer.send(f"{END}-{producer.name}"):
                    break
        await self._heard(what)
        await self.ghosts(f"{what}, when it is over")
        await self._denials(what)
        if not may_begin_anew:
            await self._begun(what)
        for client in self.clients:
            client.leave()
        if self.swarms:
            await self.swarms.order("leave")
        await self.ghosts(f"{what}, when all have said goodbye")

    def _order(self, producer, heard):
        """Every event of a producer that was answered or heard, in its order."""
        def number(id):
            return float("inf") if id.startswith(END) else int(id.rpartition("-")[2])

        return sorted(set(producer.answered) | heard, key=number)

    async def _chains(self):
        found = []
        for client in self.clients:
            is_here = client.is_connected
            if isinstance(client, PlainClient):
                found.append((client.name, "/", client.chains, is_here))
            else:
                found += [(client.name, name, place.chains, is_here) for name, place in client.places.items()]
        if self.swarms:
            for number, told in enumerate(await self.swarms.order("chains")):
                for place, entry in enumerate(told["chains"]):
                    name = f"JavaScript-{number}-{place}"
                    found.append((name, entry["namespace"], entry["chains"], entry["isHere"]))
        return found

    async def _heard(self, what):
        deadline = time.monotonic() + 20
        while True:
            chains = await self._chains()
            wrong = []
            for namespace, producer in self.producers.items():
                mine = [entry for entry in chains if entry[1] == namespace]
                heard = {id for _, _, parts, _ in mine for part in parts for id in part}
                order = self._order(producer, heard)
                for name, _, parts, is_here in mine:
                    wrong += check_chains(f"{name} in {namespace}", parts, order, must_end=is_here)
            if not wrong:
                return
            if time.monotonic() > deadline:
                self.complaints += [f"{what}: {complaint}" for complaint in wrong[:5]]
                if len(wrong) > 5:
                    self.complaints.append(f"{what}: {len(wrong)} clients in all have not heard what they should")
                return
            await asyncio.sleep(0.5)

    async def _denials(self, what):
        denials = collections.Counter(word for client in self.clients for word in client.denials)
        if self.swarms:
            denials.update((await self.swarms.look())["denials"])
        if self.goodbyes_may_be_lost:
            del denials[UNHEARD_GOODBYE]
        for word, count in denials.most_common(5):
            self.complaints.append(f"{what}: {count} times {word}")

    async def _begun(self, what):
        """Whoever had a connection has it still: nobody but plain WebSockets began anew."""
        places = [place for client in self.clients if isinstance(client, SocketIOClient) for place in client.places.values()]
        anew = sum(max(0, place.beginnings - 1) for place in places)
        if anew:
            self.complaints.append(f"{what}: {anew} returns were not recovered")
        if self.swarms:
            told = await self.swarms.look()
            anew = told["beginnings"] - self.swarms.pages * len(NAMESPACES)
            if anew > 0:
                self.complaints.append(f"{what}: {anew} returns of JavaScript clients were not recovered")
