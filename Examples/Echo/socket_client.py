"""Sends one Socket.IO event and prints its acknowledgement: socket_client.py PORT EVENT JSON

With python-socketio where it is installed; else with what Python brings, spoken by hand
(RFC 6455, Engine.IO 4, Socket.IO 5).
"""

import base64
import json
import os
import socket
import struct
import sys


def with_library(socketio, port, event, data):
    with socketio.SimpleClient() as client:
        client.connect(f"http://127.0.0.1:{port}", transports=["websocket"], wait_timeout=10)
        return client.call(event, data, timeout=10)


def by_hand(port, event, data):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        stream = connection.makefile("rwb")
        key = base64.b64encode(os.urandom(16)).decode()
        stream.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        stream.flush()
        status = stream.readline()
        if b" 101 " not in status:
            sys.exit(f"no WebSocket: {status!r}")
        while stream.readline().strip():
            pass

        expect(stream, "0")  # Engine.IO: open
        send(stream, "40")  # Socket.IO: connect
        expect(stream, "40")
        send(stream, "420" + json.dumps([event, data]))  # an event that asks for acknowledgement 0
        return json.loads(expect(stream, "430"))[0]


def send(stream, text):
    """One text frame; a client's frames are masked."""
    payload = text.encode()
    if len(payload) >= 65536:
        sys.exit("that is too long for this little client")
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    stream.write(b"\x81" + length + mask + masked)
    stream.flush()


def expect(stream, prefix):
    """The rest of the next packet, which must begin so; pings are answered on the way."""
    while True:
        first, length = stream.read(2)
        if length == 126:
            (length,) = struct.unpack("!H", stream.read(2))
        text = stream.read(length).decode()
        if text == "2":
            send(stream, "3")
        elif first != 0x81 or not text.startswith(prefix):
            sys.exit(f"not the expected packet: {text!r}")
        else:
            return text[len(prefix) :]


if __name__ == "__main__":
    port, event, data = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    try:
        import socketio
    except ImportError:
        answer = by_hand(port, event, data)
    else:
        answer = with_library(socketio, port, event, data)
    print(json.dumps(answer, sort_keys=True, separators=(",", ":")))
