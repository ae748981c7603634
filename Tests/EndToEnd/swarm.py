"""Processes of Node with many pages of socket.io-client each; see javascript/swarm.js."""

import asyncio
import json

import javascript

TRANSPORTS = [["websocket"], ["polling"], ["polling", "websocket"]]


class Swarm:
    """One process."""

    def __init__(self, number):
        self.number = number
        self.address = f"127.0.1.{1 + number}"
        self.opened = 0

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            javascript.node(), javascript.FOLDER / "swarm.js", javascript.bundle(), self.address,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26)
        await self._told()
        return self

    async def _told(self):
        line = await self.process.stdout.readline()
        if not line:
            raise AssertionError("a process of JavaScript clients has ended")
        return json.loads(line)

    async def order(self, do, **more):
        self.process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        await self.process.stdin.drain()
        return await self._told()

    async def stop(self):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Swarms:
    """Several processes as one."""

    def __init__(self, count):
        self.swarms = [Swarm(number) for number in range(count)]

    async def start(self):
        for swarm in self.swarms:
            await swarm.start()

    async def stop(self):
        for swarm in self.swarms:
            await swarm.stop()

    async def order(self, do, **more):
        """Gives an order to all; their answers."""
        return await asyncio.gather(*(swarm.order(do, **more) for swarm in self.swarms))

    async def open(self, pages, **more):
        """So many pages, shared out."""
        share = -(-pages // len(self.swarms))
        orders = []
        for swarm in self.swarms:
            count = min(share, pages)
            pages -= count
            swarm.opened += count
            orders.append(swarm.order("open", count=count, transports=TRANSPORTS, **more))
        await asyncio.gather(*orders)

    @property
    def pages(self):
        return sum(swarm.opened for swarm in self.swarms)

    async def look(self):
        """The state of all pages; see `look` of swarm.js."""
        total = {"pages": 0, "sids": [], "denials": [], "beginnings": 0, "recoveries": 0, "away": []}
        for told in await self.order("look"):
            for name in total:
                total[name] += told[name]
        return total
