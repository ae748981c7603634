"""Many at one instant: everybody gets in, nobody is turned away for good, and who vanishes is gone."""

import collections
import json
import threading
import time
import unittest

from crowds import CrowdTestCase, answer
from wires import TEXT, Ended, Exchange, WebSocket, Wire

CROWD = 50
# The answer to `{"action":"look"}`.
LOOKED = '{"player":"ann","room":"hall"}'
UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Connecting(CrowdTestCase):
    def wires(self, count=CROWD):
        return [self.socketio() for _ in range(count)]

    def test_all_that_connect_at_once_get_in_where_one_connect_runs_at_a_time(self):
        crowd = self.wires()
        with self.one_instant():
            for client in crowd:
                client.text(f"40{self.auth()}")
        told = [answer(client) for client in crowd]
        self.assertEqual(collections.Counter(word for word, _ in told), {"sid": CROWD}, told[-3:])
        self.assertPresent([payload["sid"] for _, payload in told], "everybody in the store")

    def test_also_over_polling(self):
        sessions = [self.engine() for _ in range(CROWD)]
        with self.one_instant():
            posts = [session.start_post(f"40{self.auth()}") for session in sessions]
        for post in posts:
            self.assertEqual(post.answer().status, 200)
        packets = [session.packets(until=lambda packet: packet[:2] in ("40", "44"))[-1] for session in sessions]
        self.assertEqual(collections.Counter(packet[:2] for packet in packets), {"40": CROWD}, packets[-3:])

    def test_also_to_another_namespace(self):
        crowd = self.wires()
        with self.one_instant():
            for client in crowd:
                client.text(f"40/lobby,{self.auth()}")
        told = [answer(client, "/lobby") for client in crowd]
        self.assertEqual(collections.Counter(word for word, _ in told), {"sid": CROWD}, told[-3:])

    def test_also_plain_websockets(self):
        crowd = [self.websocket("/ws") for _ in range(CROWD)]
        token = json.dumps({"token": self.token_of("ann")})
        with self.one_instant():
            for client in crowd:
                client.text(token)
                client.text('{"action":"look"}')
        # A problem would be told before the close.
        told = collections.Counter(client.next() for client in crowd)
        self.assertEqual(told, {LOOKED: CROWD})

    def test_also_plain_websockets_that_bring_their_token_in_the_request(self):
        target = f"/ws?token={self.token_of('ann')}"
        with self.one_instant():
            crowd = [self.kept(Exchange(self.port, "GET", target, headers=UPGRADE)) for _ in range(CROWD)]
        told = collections.Counter()
        for client in crowd:
            head = client.read_until(b"\r\n\r\n").decode("latin-1")
            self.assertTrue(head.startswith("HTTP/1.1 101"), head)
            client.send(WebSocket.framed(TEXT, b'{"action":"look"}'))
            _, size = client.read(2)
            told[client.read(size).decode("latin-1")] += 1
        self.assertEqual(told, {LOOKED: CROWD})

    def test_whoever_waits_for_a_busy_store_gets_in_when_it_is_free(self):
        crowd = self.wires(20)
        with self.locked_store():
            for client in crowd:
                client.text(f"40{self.auth()}")
            time.sleep(1)
        told = [answer(client) for client in crowd]
        self.assertEqual(collections.Counter(word for word, _ in told), {"sid": 20}, told[-3:])
        self.assertPresent([payload["sid"] for _, payload in told], "everybody in the store")


class Busy(CrowdTestCase):
    variables = {"CONNECT_TIMEOUT": "2s"}

    def test_nobody_is_denied_whose_time_is_up_while_the_store_is_busy(self):
        # A connect_error is for good: socket.io-client does not try again after one.
        crowd = [self.socketio() for _ in range(10)]
        plain = [self.websocket("/ws") for _ in range(10)]
        polling = [self.engine() for _ in range(10)]
        with self.locked_store():
            for client in crowd:
                client.text(f"40{self.auth()}")
            for client in plain:
                client.text(json.dumps({"token": self.token_of("ann")}))
            for session in polling:
                session.post(f"40{self.auth()}")
            polls = [session.start_get() for session in polling]
            told = [answer(client) for client in crowd]
            self.assertEqual(set(told), {("ended", 1013)})
            self.assertEqual({client.close_code() for client in plain}, {1013})
            for poll in polls:
                answered = poll.answer()
                self.assertEqual(answered.status, 503, answered)
                self.assertTrue(answered.headers["Retry-After"])
        client = self.connected()
        self.assertPresent([client.sid], "just the one that came after")


class Overfull(CrowdTestCase):
    # Sockets that may wait for their `$connect`; see HostLimits.
    WAITING = 16_384
    NAMESPACES = 2

    def pipelined(self, wire, requests):
        """The bodies of their answers, which are all 200."""
        sender = threading.Thread(target=wire.socket.sendall, args=(b"".join(requests),))
        sender.start()
        found = []
        for _ in requests:
            head = wire.read_until(b"\r\n\r\n").lower()
            self.assertTrue(head.startswith(b"http/1.1 200"), head)
            found.append(wire.read(int(head.split(b"content-length:")[1].split(b"\r\n")[0])))
        sender.join()
        return found

    def test_more_than_may_wait_are_sent_away_so_that_they_come_back(self):
        target = "/socket.io/?EIO=4&transport=polling"
        host = f"Host: 127.0.0.1:{self.port}\r\n"
        body = f"40{self.auth()}\x1e40/lobby,{self.auth()}"
        early, late, plain = self.socketio(), self.socketio(), self.websocket("/ws")
        wire = self.kept(Wire(self.port))
        handshake = f"GET {target} HTTP/1.1\r\n{host}\r\n".encode()
        opened = self.pipelined(wire, [handshake] * (self.WAITING // self.NAMESPACES + 1))
        sids = [json.loads(packet[1:])["sid"] for packet in opened]
        with self.locked_store():
            early.text(f"40{self.auth()}")
            self.pipelined(wire, [
                f"POST {target}&sid={sid} HTTP/1.1\r\n{host}Content-Length: {len(body)}\r\n\r\n{body}".encode()
                for sid in sids])
            late.text(f"40{self.auth()}")
            self.assertEqual(answer(late), ("ended", 1013))
            plain.text(json.dumps({"token": self.token_of("ann")}))
            self.assertEqual(plain.close_code(), 1013)
            for path, headers in ((target, {}), ("/socket.io/?EIO=4&transport=websocket", UPGRADE), ("/ws", UPGRADE)):
                answered = self.exchange("GET", path, headers=headers).answer()
                self.assertEqual(answered.status, 503, path)
                self.assertTrue(answered.headers["Retry-After"], path)
        self.assertEqual(answer(early)[0], "sid")


class Vanishing(CrowdTestCase):
    def test_none_of_a_hundred_that_vanish_at_once_stays_where_one_disconnect_runs_at_a_time(self):
        crowd = [self.connected() for _ in range(100)]
        with self.one_instant():
            for client in crowd:
                client.reset()
        self.assertPresent([], "nobody in the store")
        self.assertEqual(self.rows("SELECT count(*) FROM connection"), [(100,)], "they may come back")

    def test_neither_of_a_hundred_that_say_goodbye(self):
        crowd = [self.connected() for _ in range(100)]
        with self.one_instant():
            for client in crowd:
                client.text("41")
        self.eventually(lambda: self.rows("SELECT count(*) FROM connection") == [(0,)], "no connection left")
        self.assertPresent([], "nobody in the store")

    def test_what_vanished_while_the_store_was_busy_is_gone_as_well(self):
        crowd = [self.connected() for _ in range(20)]
        staying = self.connected("bob")
        with self.locked_store():
            for client in crowd:
                client.reset()
            # Until the host has given up a write: longer than it waits for a lock.
            time.sleep(6)
        self.assertPresent([staying.sid], "just the one that has stayed")
        self.assertEqual(staying.call("message", "still here"), ["still here"])


class Denied(CrowdTestCase):
    variables = {"CONNECT_TIMEOUT": "1s"}

    def test_a_refused_connect_does_not_prolong_the_time_to_connect(self):
        client = self.socketio()
        refusals = 0
        with self.assertRaises(Ended):
            # It would take a minute.
            for _ in range(300):
                client.text('40{"token":"nonsense"}')
                word, payload = answer(client)
                if word == "ended":
                    raise Ended
                self.assertEqual((word, payload["data"]["status"]), ("refused", 401))
                refusals += 1
                time.sleep(0.2)
        self.assertGreater(refusals, 0)

    def test_neither_does_a_goodbye(self):
        client = self.connected()
        client.text("41")
        self.assertTrue(client.is_ended())


if __name__ == "__main__":
    unittest.main()
