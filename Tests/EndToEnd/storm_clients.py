"""A crowd of clients in one process: Socket.IO over a WebSocket, as socket.io-client does it, and plain WebSockets."""

import asyncio
import base64
import json
import os
import socket
import struct
import time

from stream import EVENT

# A share of the crowd has each address, as behind a crowd's routers.
CLIENTS_AN_ADDRESS = 100
# How long socket.io-client waits for a line to open.
PATIENCE = 20
# What a client complains of whose goodbye had no effect; swarm.js has the same words.
UNHEARD_GOODBYE = "recovered behind a goodbye"


def frame(text, opcode=1):
    """A client's frame, with a mask of zeros."""
    payload = text.encode() if isinstance(text, str) else text
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


class Line(asyncio.Protocol):
    """A WebSocket's bytes, for one client until they end."""

    def __init__(self, client, target):
        self.client, self.target = client, target
        self.buffer = b""
        self.is_open = False

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self.target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.client.began(self)

    def data_received(self, data):
        self.buffer += data
        if not self.is_open:
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.client.refused(self, int(head.split()[1]), b"retry-after:" in head.lower())
                return self.transport.abort()
            self.is_open, self.buffer = True, rest
            self.client.opened(self)
        place = 0
        buffer = self.buffer
        while len(buffer) - place >= 2:
            size, start = buffer[place + 1] & 0x7F, place + 2
            if size == 126:
                if len(buffer) - place < 4:
                    break
                size, start = struct.unpack_from("!H", buffer, start)[0], place + 4
            elif size == 127:
                if len(buffer) - place < 10:
                    break
                size, start = struct.unpack_from("!Q", buffer, start)[0], place + 10
            if len(buffer) - start < size:
                break
            opcode, place = buffer[place] & 0x0F, start + size
            self.client.received(self, opcode, buffer[start:place])
        self.buffer = buffer[place:]

    def send(self, text, opcode=1):
        self.transport.write(frame(text, opcode))

    def reset(self):
        wire = self.transport.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def connection_lost(self, error):
        self.client.lost(self)


class Client:
    """What the clients of both kinds have in common: one line at a time, and coming back."""

    def __init__(self, crowd, number, token, is_patient=False):
        self.crowd, self.number, self.token = crowd, number, token
        self.name = f"{self.kind}-{number}"
        self.address = f"127.0.{2 + number // CLIENTS_AN_ADDRESS}.1"
        # Whether it stays however long the host is silent.
        self.is_patient = is_patient
        self.line = None
        self.last = 0
        self.attempts = 0
        self.wants_line = False
        # What socket.io-client does not come back from.
        self.denials = []

    def open(self):
        self.wants_line = True
        if self.line is None:
            asyncio.ensure_future(self._dial())

    async def _dial(self):
        if self.line is not None or not self.wants_line:
            return
        line = self.line = Line(self, self.target)
        line.transport = None
        self.last = time.monotonic()
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: line, "127.0.0.1", self.crowd.port, local_addr=(self.address, 0))
        except OSError:
            if self.line is line:
                self.lost(line)

    def began(self, line):
        pass

    def refused(self, line, status, tells_when):
        self.crowd.refusals[f"{status}"] += 1
        if status == 503 and not tells_when:
            self.denials.append("503 without Retry-After")

    def lost(self, line):
        if self.line is not line:
            return
        self.line = None
        self.ended()
        if self.wants_line:
            self.attempts += 1
            longest = min(2, 0.2 * 2 ** self.attempts)
            asyncio.get_running_loop().call_later(self.crowd.chance.uniform(0.05, longest), self._again)

    def _again(self):
        if self.wants_line and self.line is None:
            asyncio.ensure_future(self._dial())

    def look(self, now):
        """Gives a line up on which nothing has come for too long."""
        if self.line is None or self.is_patient:
            return
        limit = self.crowd.silence if self.is_connected else PATIENCE
        if now - self.last > limit and self.line.transport is not None:
            self.line.transport.abort()

    def vanish(self, comes_back):
        self.wants_line = comes_back
        if self.line is not None and self.line.transport is not None:
            self.line.reset()


class Place:
    """A client in one namespace."""

    def __init__(self):
        self.sid = None
        self.pid = None
        self.offset = None
        self.is_connected = False
        self.is_left = False
        self.is_denied = False
        # What it has heard, from one new beginning to the next.
        self.chains = []
        self.recoveries = 0
        self.beginnings = 0


class SocketIOClient(Client):
    kind = "raw"
    target = "/socket.io/?EIO=4&transport=websocket"

    def __init__(self, crowd, number, token, namespaces=("/",), is_patient=False):
        super().__init__(crowd, number, token, is_patient)
        self.places = {namespace: Place() for namespace in namespaces}

    @property
    def is_connected(self):
        return all(place.is_connected for place in self.places.values())

    def opened(self, line):
        pass

    def received(self, line, opcode, payload):
        self.last = time.monotonic()
        if opcode == 8:
            return line.transport.close()
        packet = payload.decode()
        if packet == "2":
            return line.send("3")
        if packet[0] == "0":
            for namespace, place in self.places.items():
                if not place.is_denied:
                    self._connect(namespace)
        elif packet[0] == "4":
            self._message(packet[1:])

    def _connect(self, namespace):
        place = self.places[namespace]
        auth = {"token": self.token}
        if place.pid is not None:
            auth["pid"] = place.pid
            if place.offset is not None:
                auth["offset"] = place.offset
        name = "" if namespace == "/" else namespace + ","
        self.line.send(f"40{name}{json.dumps(auth)}")

    def _message(self, packet):
        kind, rest, namespace = packet[0], packet[1:], "/"
        if rest.startswith("/"):
            namespace, _, rest = rest.partition(",")
        place = self.places.get(namespace)
        if place is None:
            return
        if kind == "0":
            self._granted(place, json.loads(rest))
        elif kind == "2":
            event, *values = json.loads(rest)
            if values and isinstance(values[-1], str):
                place.offset = values[-1]
            if event == EVENT:
                place.chains[-1].append(values[0]["id"])
        elif kind in "14":
            # As socket.io-client, which lets go of a line that no namespace needs any more.
            place.is_connected, place.is_denied = False, True
            self.denials.append(f"connect_error {json.loads(rest)['message']}" if kind == "4" else "sent away")
            if all(place.is_denied for place in self.places.values()):
                self.vanish(comes_back=False)

    def _granted(self, place, answer):
        pid = answer.get("pid")
        if place.pid is not None and pid == place.pid and not place.is_left:
            place.recoveries += 1
        else:
            place.beginnings += 1
            place.chains.append([])
        if place.is_left and pid == place.pid:
            self.denials.append(UNHEARD_GOODBYE)
        place.is_left = False
        place.sid, place.pid, place.is_connected = answer["sid"], pid, True
        if self.is_connected:
            self.attempts = 0
            self.crowd.note_connected(self)

    def ended(self):
        for place in self.places.values():
            place.is_connected = False

    def again(self, namespace):
        """`disconnect()` and `connect()` at once, in one namespace."""
        place = self.places[namespace]
        if not place.is_connected:
            return
        place.is_connected, place.is_left = False, True
        self.line.send("41" if namespace == "/" else f"41{namespace},")
        self._connect(namespace)

    def leave(self):
        self.wants_line = False
        if self.line is not None and self.line.transport is not None:
            for namespace in self.places:
                self.line.send("41" if namespace == "/" else f"41{namespace},")
            self.line.transport.close()


class PlainClient(Client):
    """Of a plain WebSocket, which has no recovery. Its token comes with the request, as a page would send it."""

    kind = "plain"

    def __init__(self, crowd, number, token):
        super().__init__(crowd, number, token)
        self.is_connected = False
        self.chains = []

    @property
    def target(self):
        return f"/ws?token={self.token}"

    def opened(self, line):
        self.chains.append([])
        # The answer comes when `$connect` has let it in.
        line.send(json.dumps({"action": "authenticate", "token": self.token}))

    def received(self, line, opcode, payload):
        self.last = time.monotonic()
        if opcode == 9:
            line.send(payload, opcode=10)
        elif opcode == 8:
            code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
            self.crowd.closes[code] += 1
            if code == 1008:
                self.denials.append("close 1008")
            line.transport.close()
        elif opcode == 1:
            told = json.loads(payload)
            if isinstance(told, dict) and "expires_at" in told:
                self.is_connected = True
                self.attempts = 0
                self.crowd.note_connected(self)
            elif isinstance(told, dict) and told.get("event") == EVENT:
                self.chains[-1].append(told["data"]["id"])

    def ended(self):
        self.is_connected = False

    def leave(self):
        self.wants_line = False
        if self.line is not None and self.line.transport is not None:
            self.line.send(struct.pack("!H", 1000), opcode=8)
            self.line.transport.close()
