"""Lines that are slow, cut, swallowed or doubled: what becomes of a session over a transport that is not what it was."""

import json
import struct
import time
import unittest

from lobby import LobbyTestCase, ours
from test_javascript import JavaScriptTestCase
from wires import TEXT, Ended, Exchange, Wire


class TransportTestCase(LobbyTestCase):
    def joined(self, session, player="ann", **auth):
        """Connects a session to the main namespace over polling; the answer's payload."""
        session.post(f"40{json.dumps({'token': self.token_of(player), 'recovery': False, **auth})}")
        packets = session.packets(until=lambda packet: packet.startswith("40"))
        return json.loads(packets[-1][2:])

    def echo(self, socket, value):
        """Sends a message over a session's WebSocket, and waits for its answer; pings are answered."""
        socket.text(f'42["message",{json.dumps(value)}]')
        self.assertEqual(self.next_message(socket), f'42["message-back",{json.dumps(value)}]')

    def next_message(self, socket):
        while True:
            packet = socket.next()
            if packet == "2":
                socket.text("3")
            elif packet != "6" and not packet.startswith("40"):
                return packet

    def assertUnknown(self, session):
        answer = session.start_get().answer()
        self.assertEqual((answer.status, answer.json["code"]), (400, 1), answer)


class Probe(TransportTestCase):
    @ours("answers noop for ever then")
    def test_polls_behind_a_probe_whose_end_is_swallowed_are_held_a_little(self):
        # A proxy that lets the probe through and nothing after it; the client goes on polling.
        session = self.engine()
        self.joined(session)
        socket = self.kept(session.websocket())
        socket.text("2probe")
        self.assertEqual(socket.next(), "3probe")
        end = time.monotonic() + 2
        polls = 0
        while time.monotonic() < end:
            answer = session.start_get().answer()
            self.assertEqual(answer.status, 200, answer)
            polls += 1
        # A client at its fastest would make a thousand.
        self.assertLess(polls, 100)
        session.post('42["message","as before"]')
        packets = session.packets(until=lambda packet: "message-back" in packet)
        self.assertEqual(packets[-1], '42["message-back","as before"]')

    def test_a_poll_that_is_held_for_a_probe_is_answered_when_there_is_something(self):
        session, other = self.engine(), self.connected("bob")
        self.joined(session)
        socket = self.kept(session.websocket())
        socket.text("2probe")
        self.assertEqual(socket.next(), "3probe")
        heard = []
        for number in range(20):
            other.call("chat", {"text": str(number)}, id=number)
            heard += session.packets(until=lambda packet: '"chat"' in packet)
        texts = [json.loads(packet[2:])[1]["text"] for packet in heard if '"chat"' in packet]
        self.assertEqual(texts, [str(number) for number in range(20)])
        socket.text("5")
        self.echo(socket, "over there")


class SecondWebSocket(TransportTestCase):
    def accepted_and_closed(self, socket):
        self.assertEqual(socket.status, 101, socket.refusal)
        self.assertTrue(socket.is_ended())

    def test_one_for_a_session_that_has_gone_over_is_accepted_and_closed(self):
        session = self.engine()
        self.joined(session)
        first = self.kept(session.upgrade())
        self.echo(first, 1)
        for number in range(3):
            self.accepted_and_closed(self.kept(session.websocket()))
            self.echo(first, number)

    def test_one_for_a_session_that_is_going_over_is_accepted_and_closed(self):
        session = self.engine()
        self.joined(session)
        first = self.kept(session.websocket())
        first.text("2probe")
        self.assertEqual(first.next(), "3probe")
        self.accepted_and_closed(self.kept(session.websocket()))
        first.text("5")
        self.echo(first, "over there")

    def test_one_for_a_session_that_began_over_a_websocket_is_accepted_and_closed(self):
        first = self.connected()
        session = self.engine()
        session.sid = first.handshake["sid"]
        self.accepted_and_closed(self.kept(session.websocket()))
        self.assertEqual(first.call("message", 1), [1])


class Cancelled(TransportTestCase):
    def test_a_poll_that_is_cancelled_ends_its_session_at_once(self):
        # As Engine.IO's own server: what was on its way when the line was cut is lost, and only recovery knows.
        for end in (Exchange.reset, Exchange.close):
            with self.subTest(end.__name__):
                session = self.engine()
                sid = self.joined(session)["sid"]
                waiting = session.start_get()
                self.assertTrue(waiting.is_waiting())
                end(waiting)
                lost = "SELECT count(*) FROM connection WHERE id = ? AND lost_at IS NOT NULL"
                self.eventually(lambda: self.rows(lost, sid) == [(1,)], "the end of its socket")
                self.assertUnknown(session)

    @ours("has no recovery")
    def test_its_client_recovers_with_what_it_missed(self):
        session, other = self.engine(), self.connected("bob")
        first = self.joined(session, recovery=True)
        other.call("chat", {"text": "one"}, id=1)
        packets = session.packets(until=lambda packet: '"chat"' in packet)
        offset = json.loads(packets[-1][2:])[2]
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        waiting.reset()
        for number in range(3):
            other.call("chat", {"text": str(number)}, id=number)
        session = self.engine()
        session.post(f"40{json.dumps({'token': self.token_of('ann'), 'pid': first['pid'], 'offset': offset})}")
        heard = session.packets(until=lambda packet: '"text":"2"' in packet)
        self.assertEqual(json.loads(heard[0][2:]), first)
        texts = [json.loads(packet[2:])[1]["text"] for packet in heard if '"chat"' in packet]
        self.assertEqual(texts, ["0", "1", "2"])

    def test_a_poll_that_was_answered_may_be_cut_without_harm(self):
        session = self.engine()
        self.joined(session)
        for number in range(5):
            waiting = session.start_get()
            session.post(f'42["message",{number}]')
            packets = waiting.answer().body.decode().split("\x1e")
            while not any("message-back" in packet for packet in packets):
                packets = session.get()
        session.post('42["message","still here"]')
        session.packets(until=lambda packet: packet == '42["message-back","still here"]')


class JavaScriptCancelled(JavaScriptTestCase):
    @ours("has no recovery")
    def test_a_client_whose_polls_are_cut_is_recovered_each_time(self):
        other = self.connected("bob")
        browser = self.joined(transports=["polling"])
        expected = []
        for number in range(5):
            expected.append(str(number))
            self.assertEqual(other.call("chat", {"text": str(number)}, id=number), [{"delivered": True}])
            self.eventually(lambda: len(browser.heard("chat")) == len(expected), "the event")
            mark = browser.mark()
            browser.order("cut")
            expected.append(f"{number} meanwhile")
            self.assertEqual(other.call("chat", {"text": f"{number} meanwhile"}, id=number), [{"delivered": True}])
            self.assertTrue(browser.expect(after=mark, what="connect")["recovered"])
            self.eventually(lambda: len(browser.heard("chat")) == len(expected), "what it missed")
        self.assertEqual([chat["text"] for chat in browser.heard("chat")], expected)


class Polls(TransportTestCase):
    def test_one_answer_carries_at_most_16_packets_and_the_next_poll_gets_the_rest(self):
        # python-engineio's client drops the connection where one brings more.
        session, other = self.engine(), self.connected("bob")
        self.joined(session)
        for number in range(40):
            other.call("chat", {"text": str(number)}, id=number)
        answers, texts = [], []
        while len(texts) < 40:
            packets = session.get()
            answers.append(len(packets))
            texts += [json.loads(packet[2:])[1]["text"] for packet in packets if '"chat"' in packet]
        self.assertEqual(texts, [str(number) for number in range(40)])
        self.assertLessEqual(max(answers), 16, answers)
        self.assertGreaterEqual(answers[0], 15, "few packets each cost a poll more")

    def test_also_of_packets_with_attachments(self):
        session, other = self.engine(), self.connected("bob")
        self.joined(session)
        for number in range(20):
            other.text('451-1["chat",{"text":{"_placeholder":true,"num":0}}]')
            other.binary(bytes([number]))
        other.call("message", 1, id=2)
        answers, found = [], []
        while sum(packet.startswith("b") for packet in found) < 20:
            packets = session.get()
            answers.append(len(packets))
            found += packets
        self.assertLessEqual(max(answers), 16, answers)
        kinds = "".join("b" if packet.startswith("b") else "e" for packet in found if packet[:2] in ("45", "b" + packet[1:2]))
        self.assertEqual(kinds, "eb" * 20)


class SlowLine(TransportTestCase):
    variables = {"PING_INTERVAL": "400ms", "PING_TIMEOUT": "400ms"}
    TEXT = "x" * 40_000

    def slowly(self, wire, data, seconds=1.6):
        """Sends in pieces, for longer than a pong may take. No other word comes out of the client meanwhile."""
        pieces = 35
        size = -(-len(data) // pieces)
        for begin in range(0, len(data), size):
            wire.socket.sendall(data[begin : begin + size])
            time.sleep(seconds / pieces)

    def test_a_long_message_arrives_over_a_websocket(self):
        client = self.connected()
        payload = f'42["message",{json.dumps(self.TEXT)}]'.encode()
        self.slowly(client, struct.pack("!BBH", 0x80 | TEXT, 0xFE, len(payload)) + bytes(4) + payload)
        self.assertEqual(client.event("message-back"), [self.TEXT])
        self.assertEqual(client.call("message", "still here"), ["still here"])

    def test_a_long_message_arrives_over_polling(self):
        session = self.engine()
        self.joined(session)
        body = f'42["message",{json.dumps(self.TEXT)}]'.encode()
        wire = self.kept(Wire(self.port))
        wire.send(
            f"POST {session.target()} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: text/plain;charset=UTF-8\r\n\r\n".encode())
        waiting = self.kept(session.start_get())
        self.slowly(wire, body)
        self.assertTrue(wire.read_until(b"\r\n").startswith(b"HTTP/1.1 200"))
        self.assertIn(b"2", waiting.answer().body, "a ping, which it could not answer")
        session.post("3")
        session.packets(until=lambda packet: packet.startswith('42["message-back","xxx'))

    def test_a_long_message_arrives_over_a_plain_websocket(self):
        client = self.websocket(f"/ws?token={self.token_of('ann')}")
        payload = json.dumps(self.TEXT).encode()
        self.slowly(client, struct.pack("!BBH", 0x80 | TEXT, 0xFE, len(payload)) + bytes(4) + payload)
        self.assertEqual(client.next(), json.dumps(self.TEXT))

    def test_a_line_on_which_nothing_comes_is_still_found_dead(self):
        client = self.connected()
        self.assertTrue(client.is_ended())
        self.assertPresentNobody()

    def assertPresentNobody(self):
        self.eventually(
            lambda: self.rows("SELECT count(*) FROM connection WHERE lost_at IS NULL") == [(0,)], "nobody in the store")


class FastPings(TransportTestCase):
    variables = {"PING_INTERVAL": "100ms", "PING_TIMEOUT": "100ms"}

    def test_a_tenth_of_a_second_is_a_ping_interval(self):
        client = self.connected()
        self.assertEqual((client.handshake["pingInterval"], client.handshake["pingTimeout"]), (100, 100))
        begun = time.monotonic()
        for _ in range(20):
            while client.next() != "2":
                pass
            client.text("3")
        # Not sooner than twenty tenths, and much sooner than by the quarter of a second, five of them.
        self.assertGreater(time.monotonic() - begun, 1.5)
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual(client.call("message", 1), [1])

    def test_and_one_that_does_not_answer_is_closed(self):
        client = self.connected()
        begun = time.monotonic()
        self.assertTrue(client.is_ended())
        self.assertGreater(time.monotonic() - begun, 0.1)

    def test_also_over_polling(self):
        session = self.engine()
        self.joined(session)
        pings = 0
        while pings < 10:
            if "2" in session.get():
                session.post("3")
                pings += 1
        session.post('42["message",1]')
        session.packets(until=lambda packet: packet == '42["message-back",1]')


if __name__ == "__main__":
    unittest.main()
