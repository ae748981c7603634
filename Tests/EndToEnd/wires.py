"""The wire itself, without a client library: HTTP and WebSocket over a plain socket, in as many pieces as wanted."""

import base64
import hashlib
import http.client
import json
import os
import socket
import struct

from host import PATIENCE, Answer

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Ended(Exception):
    """The peer has ended the connection."""


class Wire:
    """A TCP connection to the server. `piecewise` sends one byte a segment."""

    def __init__(self, port, piecewise=False):
        self.piecewise = piecewise
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        if not self.piecewise:
            return self.socket.sendall(data)
        for index in range(len(data)):
            self.socket.sendall(data[index : index + 1])

    def read(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            self._more()
        data, _, self.buffer = self.buffer.partition(mark)
        return data

    def _more(self):
        try:
            data = self.socket.recv(65_536)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            raise Ended
        self.buffer += data

    def is_ended(self, timeout=PATIENCE):
        """Whether the server ends the connection in time; what it still sends is passed over."""
        self.socket.settimeout(timeout)
        try:
            while True:
                self._more()
        except Ended:
            return True
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def reset(self):
        """Ends the connection as a crashed peer's kernel does: with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


class Exchange(Wire):
    """One HTTP request, whose answer may be read later."""

    def __init__(self, port, method, target, body=None, headers=(), piecewise=False):
        super().__init__(port, piecewise)
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        body = body.encode() if isinstance(body, str) else body
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.method = method
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def answer(self, timeout=PATIENCE):
        self.socket.settimeout(timeout)
        response = http.client.HTTPResponse(self.socket, method=self.method)
        try:
            response.begin()
            return Answer(response)
        finally:
            response.close()
            self.close()

    def is_waiting(self, seconds=0.2):
        """Whether the server keeps it waiting for so long."""
        self.socket.settimeout(seconds)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK) and False
        except TimeoutError:
            return True


class WebSocket(Wire):
    """A client's end of a WebSocket (RFC 6455). `status` is 101 where the server has agreed; else see `refusal`."""

    def __init__(self, port, target, headers=(), piecewise=False):
        super().__init__(port, piecewise)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key, **dict(headers),
        }
        lines = [f"GET {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        self.refusal = None
        if self.status == 101:
            digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert self.headers["sec-websocket-accept"] == base64.b64encode(digest).decode(), head
        else:
            self.refusal = self.read(int(self.headers.get("content-length", 0)))

    def frame(self, opcode, payload=b"", final=True, masked=True, reserved=0, missing=0):
        """Sends one frame, but its last `missing` bytes."""
        data = self.framed(opcode, payload, final, masked, reserved)
        self.send(data[:len(data) - missing])

    @staticmethod
    def framed(opcode, payload=b"", final=True, masked=True, reserved=0):
        """A frame's bytes."""
        payload = payload.encode() if isinstance(payload, str) else payload
        flag, size = 0x80 if masked else 0, len(payload)
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        if size < 126:
            head += bytes([flag | size])
        elif size < 65_536:
            head += struct.pack("!BH", flag | 126, size)
        else:
            head += struct.pack("!BQ", flag | 127, size)
        if masked:
            mask = os.urandom(4)
            repeated = mask * (size // 4 + 1)
            mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:size], "big")
            payload = mask + mixed.to_bytes(size, "big")
        return head + payload

    def text(self, *texts):
        """Sends messages; several in one segment."""
        self.send(b"".join(self.framed(TEXT, text) for text in texts))

    def binary(self, data):
        self.frame(BINARY, data)

    def next_frame(self):
        """(opcode, payload, reserved bits) of the next frame. A server's frames are unmasked and here always final."""
        first, second = self.read(2)
        assert first & 0x80 and not second & 0x80, (first, second)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.read(8))
        return first & 0x0F, self.read(size), first >> 4 & 0x07

    def next(self):
        """The next message: a text or bytes. A close frame is `(code, reason)`."""
        while True:
            opcode, payload, reserved = self.next_frame()
            assert not reserved, "compressed, though that was not negotiated"
            if opcode == TEXT:
                return payload.decode()
            if opcode == BINARY:
                return payload
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                return code, payload[2:].decode()
            if opcode == PING:
                self.frame(PONG, payload)

    def is_ended(self, timeout=PATIENCE):
        """Whether the server says goodbye or ends the connection in time; what it still sends is passed over."""
        self.socket.settimeout(timeout)
        try:
            self.close_code()
            return True
        except Ended:
            return True
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def close_code(self):
        """The code that the server closes with; what comes before it is passed over."""
        while True:
            message = self.next()
            if isinstance(message, tuple):
                return message[0]

    def say_goodbye(self, code=1000):
        """The closing handshake."""
        self.frame(CLOSE, struct.pack("!H", code))


class Engine:
    """An Engine.IO session over long-polling, which may go on over a WebSocket."""

    def __init__(self, port, path="/socket.io/", headers=(), query=""):
        self.port, self.path, self.headers = port, path, dict(headers)
        answer = Exchange(port, "GET", self.target(query=query), headers=headers).answer()
        assert answer.status == 200, answer
        first, *self.early = answer.body.decode().split("\x1e")
        assert first[0] == "0", first
        self.handshake = json.loads(first[1:])
        self.sid = self.handshake["sid"]

    def target(self, transport="polling", query=""):
        sid = f"&sid={self.sid}" if hasattr(self, "sid") else ""
        return f"{self.path}?EIO=4&transport={transport}{sid}{query}"

    def start_get(self):
        """A GET that waits for packets; see `Exchange.answer`."""
        return Exchange(self.port, "GET", self.target(), headers=self.headers)

    def get(self):
        """The packets of the next GET."""
        if self.early:
            early, self.early = self.early, []
            return early
        answer = self.start_get().answer()
        assert answer.status == 200, answer
        return answer.body.decode().split("\x1e")

    def packets(self, until):
        """Packets of as many GETs as it takes, up to one for which `until` is true. Pings are answered."""
        found = []
        while not any(until(packet) for packet in found):
            packets = self.get()
            if "2" in packets:
                self.post("3")
            found += [packet for packet in packets if packet not in ("2", "6")]
        return found

    def post(self, *packets):
        answer = self.start_post(*packets).answer()
        assert answer.status == 200 and answer.body.lower() == b"ok", answer
        return answer

    def start_post(self, *packets, piecewise=False):
        headers = {"Content-Type": "text/plain;charset=UTF-8", **self.headers}
        return Exchange(self.port, "POST", self.target(), "\x1e".join(packets), headers, piecewise)

    def websocket(self, piecewise=False):
        return WebSocket(self.port, self.target("websocket"), self.headers, piecewise)

    def upgrade(self):
        """Upgrades the session; the WebSocket."""
        socket = self.websocket()
        socket.text("2probe")
        assert socket.next() == "3probe"
        socket.text("5")
        return socket


class SocketIO(WebSocket):
    """A Socket.IO client over a WebSocket from the beginning. Pings are answered by `next_packet`."""

    def __init__(self, port, token=None, path="/socket.io/", headers=(), piecewise=False):
        self.token = token
        super().__init__(port, f"{path}?EIO=4&transport=websocket", headers, piecewise)
        assert self.status == 101, (self.status, self.refusal)
        opened = self.next()
        assert opened[0] == "0", opened
        self.handshake = json.loads(opened[1:])

    def next_packet(self):
        """The next Socket.IO packet as text (without Engine.IO's 4), or an attachment's bytes."""
        while True:
            packet = self.next()
            if packet == "2":
                self.text("3")
            elif isinstance(packet, str) and packet[0] == "4":
                return packet[1:]
            elif packet != "6":
                return packet

    def connect(self, namespace="/", auth=None):
        """Connects to a namespace; the answer's payload. Unless `auth` says otherwise: with the token, no recovery."""
        auth = {"recovery": False, "token": self.token} if auth is None else auth
        prefix = "" if namespace == "/" else namespace + ","
        self.text(f"40{prefix}{json.dumps(auth)}")
        packet = self.next_packet()
        assert packet.startswith("0" + prefix), packet
        return json.loads(packet[1 + len(prefix) :])

    def refused(self, namespace="/", auth=None):
        """Tries to connect; the payload of the connect_error."""
        prefix = "" if namespace == "/" else namespace + ","
        self.text(f"40{prefix}{json.dumps(auth) if auth is not None else ''}")
        packet = self.next_packet()
        assert packet.startswith("4" + prefix), packet
        return json.loads(packet[1 + len(prefix) :])

    def emit(self, event, *arguments, namespace="/", id=""):
        prefix = "" if namespace == "/" else namespace + ","
        self.text(f"42{prefix}{id}{json.dumps([event, *arguments])}")

    def call(self, event, *arguments, namespace="/", id=7):
        """Emits and waits for the acknowledgement's arguments; events before it are passed over."""
        self.emit(event, *arguments, namespace=namespace, id=id)
        mark = f"3{'' if namespace == '/' else namespace + ','}{id}"
        while True:
            packet = self.next_packet()
            if isinstance(packet, str) and packet.startswith(mark + "["):
                return json.loads(packet[len(mark) :])

    def event(self, name, namespace="/"):
        """The arguments of the next event of this name; other packets are passed over."""
        mark = "2" + ("" if namespace == "/" else namespace + ",")
        while True:
            packet = self.next_packet()
            if isinstance(packet, str) and packet.startswith(mark) and "[" in packet:
                event, *arguments = json.loads(packet[packet.index("[") :])
                if event == name:
                    return arguments
