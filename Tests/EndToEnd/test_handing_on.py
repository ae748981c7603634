"""`serve --workers`: a connection is handed on to the worker whose session a request names, and no answer is lost by it."""

import random
import unittest

from lobby import LobbyTestCase, ours
from wires import Ended, Wire


@ours("is one process")
class HandingOn(LobbyTestCase):
    def launch(self, arguments=("--port", "0", "--workers", "2"), **variables):
        return super().launch(arguments, **variables)

    def sessions(self):
        """Sessions of both workers: the kernel spreads connections, so two dozen are not one worker's."""
        sessions = [self.engine() for _ in range(24)]
        for session in sessions:
            session.post(f"40{self.auth()}")
            session.packets(until=lambda packet: packet.startswith("40"))
        return sessions

    def request(self, method, target, body=None, token=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or "").encode()

    def answers(self, wire, count):
        """So many answers of one connection: (status, body)."""
        found = []
        for _ in range(count):
            head = wire.read_until(b"\r\n\r\n").decode("latin-1").lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            found.append((int(head.split()[1]), wire.read(length).decode()))
        return found

    def test_what_is_owed_goes_out_before_a_connection_is_handed_on(self):
        token = self.token_of("ann")
        chat = self.request("POST", "/chat", '{"text":"owed"}', token)
        for session in self.sessions():
            wire = self.kept(Wire(self.port))
            wire.send(chat + self.request("POST", session.target(), "2") + chat)
            self.assertEqual(
                self.answers(wire, 3), [(200, '{"delivered":true}'), (200, "ok"), (200, '{"delivered":true}')])

    def test_also_from_session_to_session(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        sessions = self.sessions()
        token = self.token_of("ann")
        kinds = {
            "chat": (lambda: self.request("POST", "/chat", '{"text":"owed"}', token), '{"delivered":true}'),
            "health": (lambda: self.request("GET", "/healthz"), None),
            "post": (lambda: self.request("POST", chance.choice(sessions).target(), "2"), "ok"),
        }
        for number in range(40):
            plan = [chance.choice(list(kinds)) for _ in range(chance.randrange(2, 12))]
            data = b"".join(kinds[kind][0]() for kind in plan)
            wire = self.kept(Wire(self.port))
            # In pieces of any size.
            while data:
                size = chance.choice((1, 7, 100, 10_000))
                wire.send(data[:size])
                data = data[size:]
            try:
                answers = self.answers(wire, len(plan))
            except (TimeoutError, Ended) as end:
                self.fail(f"answers are missing ({end!r}) to {plan}; seed {seed}, number {number}")
            for kind, (status, body) in zip(plan, answers):
                self.assertEqual((kind, status), (kind, 200), f"seed {seed}")
                if kinds[kind][1] is not None:
                    self.assertEqual(body, kinds[kind][1])

    def test_a_poll_that_is_owed_goes_out_first(self):
        sessions = self.sessions()
        other = self.connected("bob")
        for first, second in zip(sessions, sessions[1:]):
            wire = self.kept(Wire(self.port))
            wire.send(self.request("GET", first.target()) + self.request("POST", second.target(), "2"))
            other.call("chat", {"text": "now"}, id=1)
            (status, body), posted = self.answers(wire, 2)
            self.assertEqual(status, 200)
            self.assertTrue(body)
            self.assertEqual(posted, (200, "ok"))


if __name__ == "__main__":
    unittest.main()
