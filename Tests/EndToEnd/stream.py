"""A stream of numbered events: who sends it, and whether it has arrived."""

import asyncio
import collections
import json

EVENT = "numbered"
ROOM = "location:tavern"
END = "end"


class Producer:
    """Sends numbered events, one after another. `answered` are those that were accepted."""

    def __init__(self, name, port, token, room=ROOM):
        self.name, self.port, self.token, self.room = name, port, token, room
        self.answered = []
        self.unanswered = []
        self.refused = []
        self._wire = None
        self._count = 0

    async def run(self, pause, is_over):
        while not is_over():
            await self.send(f"{self.name}-{self._count}")
            self._count += 1
            await asyncio.sleep(pause)

    async def send(self, id):
        """Sends one event; whether it was accepted. Without an answer, nobody knows."""
        body = json.dumps({"room": self.room, "event": EVENT, "data": {"id": id}}).encode()
        try:
            if self._wire is None:
                self._wire = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 5)
        except (OSError, TimeoutError):
            await asyncio.sleep(0.02)  # it was not sent at all
            return False
        reader, writer = self._wire
        try:
            writer.write(
                f"POST /api/broadcast HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            answer = await asyncio.wait_for(reader.readexactly(length), 10)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.unanswered.append(id)
            writer.transport.abort()
            self._wire = None
            return False
        if head.split()[1] == "202":
            self.answered.append(id)
            return True
        self.refused.append((id, answer.decode()))
        return False


def check(heard, answered, unanswered):
    """What is wrong with what clients have heard, [(id, offset)] by name: complaints, none if all is well."""
    complaints = []
    answered, possible = set(answered), set(answered) | set(unanswered)
    places = {}
    sets = {}
    for name, events in heard.items():
        ids = [id for id, _ in events]
        seen = sets[name] = set(ids)
        if missing := answered - seen:
            complaints.append(f"{name} lost {len(missing)} of {len(answered)} events: {sorted(missing)[:10]}")
        if doubled := [id for id, count in collections.Counter(ids).items() if count > 1]:
            complaints.append(f"{name} heard {len(doubled)} events more than once: {doubled[:10]}")
        if unknown := seen - possible:
            complaints.append(f"{name} heard {len(unknown)} events that nobody sent: {sorted(unknown)[:10]}")
        for (before, first), (after, second) in zip(events, events[1:]):
            if not int(first) < int(second):
                complaints.append(f"{name} heard {after} ({second}) after {before} ({first})")
                break
        for id, offset in events:
            if places.setdefault(id, offset) != offset:
                complaints.append(f"{name} heard {id} with the offset {offset}, somebody else with {places[id]}")
                break
    if len({frozenset(seen) for seen in sets.values()}) > 1:
        union = set().union(*sets.values())
        odd = {id for seen in sets.values() for id in union - seen} - answered
        if odd:
            complaints.append(f"{len(odd)} unanswered events reached some clients and not others: {sorted(odd)[:10]}")
    return complaints


def check_chains(name, chains, order, must_end=True):
    """What is wrong with what one client has heard: complaints, none if all is well.

    `chains` are its connections from beginning to beginning anew, with what was recovered in one: lists of ids. `order`
    has all ids that were answered or heard by anybody, in the order of the store. So a chain is a piece of the order
    without a gap; the last one reaches its end, unless the client is away.
    """
    complaints = []
    places = {id: place for place, id in enumerate(order)}
    for number, chain in enumerate(chains):
        for before, after in zip(chain, chain[1:]):
            first, second = places[before], places[after]
            if second == first + 1:
                continue
            if second > first:
                complaints.append(f"{name} lost {second - first - 1} events between {before} and {after}")
            elif before == after:
                complaints.append(f"{name} heard {after} twice")
            else:
                complaints.append(f"{name} heard {after} behind {before}")
            break
        is_last = number == len(chains) - 1
        if is_last and must_end and (not chain or places[chain[-1]] != len(order) - 1):
            complaints.append(f"{name} has not heard the last event; the last that it has: {chain[-1:]}")
    return complaints
