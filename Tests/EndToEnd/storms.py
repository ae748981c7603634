"""Storms: crowds that come, vanish, say goodbye and come back, and hosts that stand still or end meanwhile. See script/soak.
"""

import asyncio
import dataclasses
import os
import random
import signal
import subprocess
import tempfile
import time

from host import BINARY, PATIENCE, ROOT, Host, environment
from storm_crowd import Crowd

KEY = "a-key-for-soaking-only-0123456789abcdef"
# How long a host counts as alive after its last heartbeat, and a little more.
LEASE = 8


@dataclasses.dataclass
class StormPlan:
    """How large, and of whom."""

    seed: int
    # Of the connect storm, one after the other.
    crowds: tuple = (1_000, 5_000)
    # Of the others.
    sockets: int = 1_000
    # Processes of Node; none without stock clients.
    nodes: int = 2
    # Pages of stock clients, at most a fifth of all.
    pages: int = 400
    players: int = 50
    rounds: int = 10
    # Processes of each host.
    workers: int = 1
    # Seconds within which all are connected that set out at one instant.
    within: float = 10


class Storms:
    """Every storm has a host and a store of its own."""

    def __init__(self, plan, tell=lambda line: None, binary=BINARY):
        self.plan, self.tell, self.binary = plan, tell, binary
        self.chance = random.Random(plan.seed)
        self.results = []

    NAMES = ("connect", "vanish", "goodbye", "standstill", "restart")

    def run(self, name):
        """Runs one storm; the complaints."""
        return asyncio.run(getattr(self, name)())

    # MARK: The storms

    async def connect(self):
        complaints = []
        for count in self.plan.crowds:
            async with self._scene(f"connect of {count}") as scene:
                took = await scene.come(count)
                scene.result["seconds"] = took
                if took is not None and took > self.plan.within:
                    scene.crowd.complaints.append(f"{scene.name}: it took {took:.1f} s until all were connected")
                await scene.crowd.stream(2, rate=2)
                await scene.crowd.settle(scene.name)
            complaints += scene.crowd.complaints
        return complaints

    async def vanish(self):
        async with self._scene(f"vanish of {self.plan.sockets}") as scene:
            crowd = scene.crowd
            await scene.come(self.plan.sockets)
            stream = asyncio.create_task(crowd.stream(9, rate=3))
            await asyncio.sleep(1)
            self.tell("  all vanish, and stay away")
            await scene.vanish(comes_back=False)
            await crowd.ghosts(f"{scene.name}, while all are away")
            begun = time.monotonic()
            self.tell("  all come back")
            await scene.wake()
            scene.result["back_in_seconds"] = await crowd.all_there(begun)
            self.tell("  all vanish, and come back at once")
            await scene.vanish(comes_back=True)
            await stream
            await crowd.settle(scene.name)
        return crowd.complaints

    async def goodbye(self):
        async with self._scene(f"goodbye of {self.plan.sockets // 2}") as scene:
            await scene.come(self.plan.sockets // 2)
            stream = asyncio.create_task(scene.crowd.stream(0.5 * self.plan.rounds, rate=3))
            await self._goodbyes(scene)
            await stream
            await scene.crowd.settle(scene.name, may_begin_anew=True)
        return scene.crowd.complaints

    async def _goodbyes(self, scene):
        for number in range(self.plan.rounds):
            await scene.again(share=0.7, place=number)
            # Some of the next come before these are answered.
            await asyncio.sleep(self.chance.choice((0, 0.02, 0.3, 1)))

    async def standstill(self):
        """Longer than the lease, with another host of the same store, which then takes the connections for lost."""
        count = self.plan.sockets // 2
        async with self._scene(f"standstill under {count}", pings="2s") as scene:
            crowd = scene.crowd
            crowd.hosts.append(scene.serve())
            await scene.come(count, patient=count // 4)
            await crowd.stream(2, rate=3)
            self.tell("  the host stands still, its clients try again and again")
            scene.crowd.hosts[0].stand_still()
            try:
                await asyncio.sleep(LEASE)
            finally:
                scene.crowd.hosts[0].go_on()
            begun = time.monotonic()
            await crowd.stream(3, rate=3)
            scene.result["back_in_seconds"] = await crowd.all_there(begun)
            # Whoever has stayed on the line has a connection to come back to.
            await scene.vanish(comes_back=True)
            await crowd.stream(2, rate=3)
            await crowd.settle(scene.name)
        return crowd.complaints

    async def restart(self):
        complaints = []
        for how in (signal.SIGKILL, signal.SIGTERM):
            for what in ("connect", "vanish", "goodbye"):
                count = self.plan.sockets // 3
                async with self._scene(f"{how.name} under a {what} of {count}") as scene:
                    crowd = scene.crowd
                    crowd.goodbyes_may_be_lost = True
                    came = asyncio.create_task(scene.come(count))
                    if what != "connect":
                        await came
                    stream = asyncio.create_task(crowd.stream(6, rate=3))
                    if what != "connect":
                        await asyncio.sleep(0.5)
                    if what == "vanish":
                        await scene.vanish(comes_back=True)
                    storm = asyncio.create_task(self._goodbyes(scene)) if what == "goodbye" else None
                    await asyncio.sleep(self.chance.uniform(0, 0.3))
                    await scene.restart(how)
                    await stream
                    await came
                    if storm:
                        await storm
                    await crowd.settle(scene.name, may_begin_anew=what == "goodbye")
                complaints += crowd.complaints
        return complaints

    def _scene(self, name, pings=None):
        self.tell(f"{name}")
        return Scene(self, name, pings)


class Scene:
    """One storm's host and crowd."""

    def __init__(self, storms, name, pings):
        self.storms, self.plan, self.name = storms, storms.plan, name
        self.folder = tempfile.TemporaryDirectory(prefix="gestaloka-storm-")
        self.store = os.path.join(self.folder.name, "storm.db")
        self.manifest = os.path.join(self.folder.name, "functions.yaml")
        self.variables = {"SECRET_KEY": KEY, "LOG_LEVEL": "INFO"}
        self.result = {"storm": name}
        self._hosts = []
        self._write_manifest(pings)

    def _write_manifest(self, pings):
        """The game's, with a second namespace and a plain WebSocket, and a rate that does not stop the stream."""
        text = (ROOT / "functions.yaml").read_text()
        for event in ("$connect", "$disconnect"):
            line = f"      - socket: {event}\n"
            assert line in text, f"functions.yaml has no {event}"
            text = text.replace(line, f"{line}      - socket: /lobby#{event}\n      - websocket: /ws#{event}\n")
        text = text.replace("\nfunctions:\n", "\nwebsockets:\n  /ws:\n    route-by: action\n\nfunctions:\n")
        # The pages come from an origin of their own.
        text = text.replace("\nsockets:\n", "\nsockets:\n  allowed-origins: [https://play.example]\n")
        assert "rate: 60/minute" in text, "functions.yaml has another 'broadcast'"
        text = text.replace("rate: 60/minute", "rate: 1000000/second")
        if pings:
            text = text.replace("ping-interval: 25s", f"ping-interval: {pings}")
            text = text.replace("ping-timeout: 20s", f"ping-timeout: {pings}")
        with open(self.manifest, "w", encoding="utf-8") as file:
            file.write(text)
        self.silence = 4 if pings else 45

    def serve(self, port=0):
        arguments = ("--port", str(port), "--manifest", self.manifest, "--workers", str(self.plan.workers))
        host = Host(self.store, self.variables, arguments, self.storms.binary)
        self._hosts.append(host)
        return host.wait_until_serving()

    def token(self, player, *options):
        done = subprocess.run(
            [self.storms.binary, "token", "--player", player, *options, "--expires", "1d", "--store", self.store,
             "--manifest", self.manifest],
            cwd=ROOT, env=environment(**self.variables), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    async def __aenter__(self):
        self._begun = time.monotonic()
        try:
            await self._set()
        except BaseException:
            await self._end()
            raise
        return self

    async def _set(self):
        host = self.serve()
        tokens = [self.token(f"player-{number}") for number in range(self.plan.players)]
        self.crowd = Crowd(
            [host], self.store, tokens, self.token("keeper", "--role", "ops"), self.storms.chance, self.plan.nodes,
            self.silence, self.storms.tell)
        # Of several workers, whoever answers knows its own sockets only.
        self.crowd.has_gauge = self.plan.workers == 1
        await self.crowd.start()

    async def __aexit__(self, kind, error, trace):
        await self.crowd.stop()
        await self._end()
        self.result |= {
            "complaints": self.crowd.complaints, "refusals": dict(self.crowd.refusals),
            "closes": dict(self.crowd.closes), "took_seconds": time.monotonic() - self._begun,
        }
        self.storms.results.append(self.result)

    async def _end(self):
        for host in self._hosts:
            if host.process.poll() is None:
                await asyncio.to_thread(host.kill)
            host.process.stderr.close()
        self.folder.cleanup()

    # MARK: What a crowd does

    async def come(self, count, patient=0):
        """So many set out at one instant: stock clients, plain WebSockets, the rest clients of our own."""
        pages = min(self.plan.pages, count // 5) if self.plan.nodes else 0
        plain = count // 10
        took = await self.crowd.connect(count - pages - plain, plain, pages, patient)
        self.storms.tell(f"  {await self.crowd.state()}, after {'...' if took is None else f'{took:.2f} s'}")
        return took

    async def vanish(self, comes_back):
        for client in self.crowd.clients:
            client.vanish(comes_back)
        if self.crowd.swarms:
            await self.crowd.swarms.order("cut", comesBack=comes_back)

    async def wake(self):
        for client in self.crowd.clients:
            client.open()
        if self.crowd.swarms:
            await self.crowd.swarms.order("wake")

    async def again(self, share, place):
        """Some say goodbye in one of their namespaces and connect again at once."""
        for client in self.crowd.clients:
            if client.kind == "raw" and self.storms.chance.random() < share:
                names = list(client.places)
                client.again(names[place % len(names)])
        if self.crowd.swarms:
            seed = self.storms.chance.randrange(1, 1 << 31)
            await self.crowd.swarms.order("again", share=share, place=place, seed=seed)

    async def restart(self, how):
        """The host ends, and another one takes its place on its port."""
        host = self.crowd.hosts[0]
        self.storms.tell(f"  the host gets {how.name}")
        status = await asyncio.to_thread(host.kill if how == signal.SIGKILL else host.terminate)
        if how == signal.SIGTERM and status != 0:
            self.crowd.complaints.append(f"{self.name}: the host ended with status {status}")
        await asyncio.sleep(self.storms.chance.uniform(0, 0.3))
        self.crowd.hosts[0] = await asyncio.to_thread(self.serve, host.port)
