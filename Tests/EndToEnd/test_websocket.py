"""Plain WebSockets as triggers, on the wire (RFC 6455, RFC 7692). The reference has none: see lobby.yaml for the routes."""

import json
import time
import unittest
import zlib

from lobby import IS_REFERENCE, LobbyTestCase
from wires import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Ended

ALLOWED, FOREIGN = "https://play.example", "https://evil.example"
# Opcodes 3 to 7 and 11 to 15 are reserved.
RESERVED = 3


@unittest.skipIf(IS_REFERENCE, "the reference has no plain WebSockets")
class PlainTestCase(LobbyTestCase):
    def open(self, player="ann", **options):
        """A WebSocket at /ws with the player's token in its query."""
        socket = self.websocket(f"/ws?token={self.token_of(player)}", **options)
        self.assertEqual(socket.status, 101, socket.refusal)
        return socket

    def ask(self, socket, message):
        socket.text(json.dumps(message))
        return json.loads(socket.next())

    def assertCloses(self, socket, code):
        self.assertEqual(socket.close_code(), code)


class Authentication(PlainTestCase):
    def test_a_token_in_the_query(self):
        self.assertEqual(self.ask(self.open(), {"action": "look"}), {"player": "ann", "room": "hall"})

    def test_a_token_in_the_authorization_field(self):
        socket = self.websocket("/ws", headers={"Authorization": f"Bearer {self.token_of('ann')}"})
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")

    def test_a_token_in_the_first_message(self):
        socket = self.websocket("/ws")
        self.assertEqual(socket.status, 101)
        socket.text(json.dumps({"token": self.token_of("ann")}))
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")

    def test_a_token_that_is_none_is_told_and_closed_with_1008(self):
        socket = self.websocket("/ws?token=nonsense")
        if socket.status == 101:
            self.assertProblem(json.loads(socket.next()), 401)
            self.assertCloses(socket, 1008)
        else:
            self.assertEqual(socket.status, 401)

    def test_a_first_message_without_a_token_is_told_and_closed_with_1008(self):
        for first in ('{"action":"look"}', "hello", '{"token":"nonsense"}', '{"token":7}'):
            with self.subTest(first):
                socket = self.websocket("/ws")
                socket.text(first)
                self.assertProblem(json.loads(socket.next()), 401)
                self.assertCloses(socket, 1008)

    def test_an_expired_token_is_told_and_closes_with_1008(self):
        token = self.token_of("brief", "--expires", "3s")
        socket = self.websocket(f"/ws?token={token}")
        self.assertEqual(json.loads(socket.next()), {"event": "token_expired", "data": {"reason": "expired"}})
        self.assertCloses(socket, 1008)

    def test_a_fresh_token_in_band(self):
        socket = self.websocket(f"/ws?token={self.token_of('brief', '--expires', '3s')}")
        answer = self.ask(socket, {"action": "authenticate", "token": self.token_of("brief", "--expires", "1h")})
        self.assertIn("expires_at", answer)
        time.sleep(3.5)
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "brief")
        answer = self.ask(socket, {"action": "authenticate", "token": self.token_of("bob")})
        self.assertProblem(answer, 403)

    def test_what_connect_refuses_is_not_let_in(self):
        socket = self.websocket(f"/ws?token={self.token_of('ann')}&refuse=not%20today")
        self.assertEqual(socket.status, 101)
        problem = json.loads(socket.next())
        self.assertProblem(problem, 409)
        self.assertEqual(problem["detail"], "not today")
        self.assertCloses(socket, 1008)


class Routes(PlainTestCase):
    def test_a_named_route_and_the_default(self):
        socket = self.open()
        self.assertEqual(self.ask(socket, {"action": "look"}), {"player": "ann", "room": "hall"})
        for message in ({"action": "unknown", "x": 1}, {"x": 1}, [1, 2], "text", 7, {"action": 7}):
            with self.subTest(message=message):
                self.assertEqual(self.ask(socket, message), message)

    def test_names_that_start_with_a_dollar_are_no_routes(self):
        socket = self.open()
        for name in ("$connect", "$disconnect", "$default"):
            self.assertEqual(self.ask(socket, {"action": name}), {"action": name})
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")

    def test_text_that_is_no_json_is_a_string(self):
        socket = self.open()
        for text in ("hello", "{broken", "日本語 😀"):
            socket.text(text)
            self.assertEqual(json.loads(socket.next()), text)

    def test_bytes_come_as_bytes(self):
        socket = self.open()
        for data in (bytes(range(256)), b"", b"\xff" * 70_000):
            socket.binary(data)
            self.assertEqual(socket.next(), data)

    def test_messages_are_handled_in_order(self):
        socket = self.open()
        for number in range(200):
            socket.text(json.dumps({"number": number}))
        self.assertEqual([json.loads(socket.next())["number"] for _ in range(200)], list(range(200)))

    def test_an_event_of_a_room_comes_with_its_name(self):
        ann, bob = self.open("ann"), self.open("bob")
        self.ask(ann, {"action": "look"})
        bob.text(json.dumps({"action": "chat", "text": "hi", "others": True}))
        said = json.loads(ann.next())
        self.assertEqual((said["event"], said["data"]["text"]), ("chat", "hi"))
        self.assertEqual(json.loads(bob.next()), {"delivered": True})

    def test_plain_sockets_and_those_of_the_main_namespace_share_rooms(self):
        plain, client = self.open("ann"), self.connected("bob")
        self.ask(plain, {"action": "look"})
        client.call("chat", {"text": "from over there", "others": True})
        self.assertEqual(json.loads(plain.next())["data"]["text"], "from over there")
        plain.text(json.dumps({"action": "chat", "text": "from here"}))
        self.assertEqual(client.event("chat")[0]["text"], "from here")

    def test_a_problem_is_told_as_such(self):
        socket = self.open()
        self.assertProblem(self.ask(socket, {"action": "chat"}), 422)
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")


class Handshake(PlainTestCase):
    def test_a_path_that_is_none_is_not_found(self):
        self.assertEqual(self.websocket("/elsewhere").status, 404)

    def test_a_request_that_is_no_upgrade(self):
        self.assertIn(self.exchange("GET", "/ws").answer().status, (400, 426))

    def test_another_version_is_told_ours(self):
        refused = self.websocket("/ws", headers={"Sec-WebSocket-Version": "8"})
        self.assertEqual((refused.status, refused.headers["sec-websocket-version"]), (426, "13"))

    def test_a_key_that_is_none_is_refused(self):
        for key in ("", "short", "x" * 24, "AAAAAAAAAAAAAAAAAAAAAAAA"):
            with self.subTest(key):
                self.assertEqual(self.websocket("/ws", headers={"Sec-WebSocket-Key": key}).status, 400)

    def test_the_servers_first_choice_of_the_subprotocols_offered(self):
        for offered, chosen in (
            ("lobby.v1", "lobby.v1"), ("lobby.v1, lobby.v2", None), ("other", ""), (None, ""), ("other, lobby.v1", "lobby.v1"),
        ):
            with self.subTest(offered):
                headers = {"Sec-WebSocket-Protocol": offered} if offered else {}
                socket = self.open(headers=headers)
                found = socket.headers.get("sec-websocket-protocol", "")
                self.assertIn(found, ("lobby.v1", "lobby.v2") if chosen is None else (chosen,))

    def test_origins(self):
        for origin, status in ((ALLOWED, 101), (f"http://127.0.0.1:{self.port}", 101), (FOREIGN, 403), ("null", 403)):
            with self.subTest(origin):
                target = f"/ws?token={self.token_of('ann')}"
                self.assertEqual(self.websocket(target, headers={"Origin": origin}).status, status)

    def test_everything_in_pieces_of_a_byte(self):
        socket = self.open(piecewise=True)
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")
        socket.binary(b"\x00\x01")
        self.assertEqual(socket.next(), b"\x00\x01")

    def test_a_message_that_comes_with_the_handshake(self):
        socket = self.open()
        socket.text('{"action":"look"}')
        socket.text('{"action":"look"}')
        for _ in range(2):
            self.assertEqual(json.loads(socket.next())["player"], "ann")


class Frames(PlainTestCase):
    def test_fragments_with_a_ping_between(self):
        socket = self.open()
        text = json.dumps("日本語").encode()
        socket.frame(TEXT, text[:3], final=False)
        socket.frame(PING, b"between")
        self.assertEqual(socket.next_frame()[:2], (PONG, b"between"))
        socket.frame(CONTINUATION, text[3:4], final=False)
        socket.frame(CONTINUATION, text[4:])
        self.assertEqual(json.loads(socket.next()), "日本語")

    def test_a_pong_that_nobody_asked_for_is_passed_over(self):
        socket = self.open()
        socket.frame(PONG, b"unasked")
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")

    def test_what_breaks_the_protocol_closes_with_1002(self):
        for what, send in (
            ("unmasked", lambda socket: socket.frame(TEXT, "x", masked=False)),
            ("a reserved bit", lambda socket: socket.frame(TEXT, "x", reserved=2)),
            ("a compressed frame without its extension", lambda socket: socket.frame(TEXT, "x", reserved=4)),
            ("a reserved opcode", lambda socket: socket.frame(RESERVED, "x")),
            ("a continuation of nothing", lambda socket: socket.frame(CONTINUATION, "x")),
            ("a message in a message", lambda socket: (socket.frame(TEXT, "x", final=False), socket.frame(TEXT, "y"))),
            ("a ping in parts", lambda socket: socket.frame(PING, "x", final=False)),
            ("a ping of 126 bytes", lambda socket: socket.frame(PING, b"x" * 126)),
            ("a close of one byte", lambda socket: socket.frame(CLOSE, b"\x03")),
            ("a close code that may not be sent", lambda socket: socket.frame(CLOSE, b"\x03\xed")),
            ("a close code of nobody", lambda socket: socket.frame(CLOSE, b"\x00\x07")),
        ):
            with self.subTest(what):
                socket = self.open()
                send(socket)
                self.assertCloses(socket, 1002)
                self.assertTrue(socket.is_ended())

    def test_text_that_is_no_utf8_closes_with_1007(self):
        for data in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"abc\xe3\x81"):
            with self.subTest(data):
                socket = self.open()
                socket.frame(TEXT, data)
                self.assertCloses(socket, 1007)

    def test_a_reason_that_is_no_utf8_closes_with_1007(self):
        socket = self.open()
        socket.frame(CLOSE, b"\x03\xe8\xff")
        self.assertCloses(socket, 1007)

    def test_a_message_beyond_the_limit_closes_with_1009(self):
        socket = self.open()
        socket.frame(BINARY, b"x" * 1_000_001)
        self.assertCloses(socket, 1009)
        socket = self.open()
        for _ in range(3):
            socket.frame(BINARY if _ == 0 else CONTINUATION, b"x" * 400_000, final=False)
        self.assertCloses(socket, 1009)

    def test_a_message_of_just_the_limit_is_taken(self):
        socket = self.open()
        text = json.dumps("x" * 999_998)
        socket.text(text)
        self.assertEqual(socket.next(), text)
        # Bytes count as they came, and not as the Base64 that they are within JSON.
        socket.binary(b"\x07" * 1_000_000)
        self.assertEqual(socket.next(), b"\x07" * 1_000_000)

    def test_text_closes_at_its_first_octet_that_is_no_utf8(self):
        # A frame that is not whole yet, and a message in parts whose end has not come.
        for sent, final in (([b"abc\xffdef"], True), ([b"\xe3\x81", b"\x82abc", b"\xed\xa0"], False)):
            with self.subTest(sent):
                socket = self.open()
                for number, data in enumerate(sent):
                    socket.frame(CONTINUATION if number else TEXT, data, final=final, missing=2 if final else 0)
                self.assertCloses(socket, 1007)


class FourMebibytes(PlainTestCase):
    variables = {"MAX_PAYLOAD": "4MiB", "SEND_QUEUE": "16MiB"}

    def test_a_message_in_frames_of_64_octets(self):
        socket = self.open()
        data = bytes(range(64)) * 65_536
        for start in range(0, len(data), 64):
            last = start + 64 == len(data)
            socket.frame(CONTINUATION if start else BINARY, data[start:start + 64], final=last)
        self.assertEqual(socket.next(), data)


class BareText(PlainTestCase):
    def test_text_comes_back_as_it_is(self):
        socket = self.websocket("/parrot")
        for text in ("Hello", '"Hello"', '{"a": 1}', " [1 , 2] ", "", "日本語 😀\n", "{", "x" * 1_000_000):
            socket.text(text)
            self.assertEqual(socket.next(), text)

    def test_bytes_are_refused(self):
        socket = self.websocket("/parrot")
        socket.binary(b"\x00\xff")
        self.assertProblem(json.loads(socket.next()), 422)

    def test_a_goodbye_is_answered_alike(self):
        for code in (1000, 1001, 3000, 4999):
            with self.subTest(code):
                socket = self.open()
                socket.say_goodbye(code)
                self.assertCloses(socket, code)
                with self.assertRaises(Ended):
                    socket.next()

    def test_a_goodbye_without_a_code(self):
        socket = self.open()
        socket.frame(CLOSE)
        self.assertIn(socket.close_code(), (1000, 1005))

    def test_a_socket_is_kicked(self):
        socket, other = self.open("ann"), self.connected("bob")
        self.ask(socket, {"action": "look"})
        other.call("kick", {"player": "ann"})
        self.assertIn(socket.close_code(), (1000, 1008))

    def test_the_host_stops_with_1001(self):
        socket = self.open()
        self.ask(socket, {"action": "look"})
        self.host.process.terminate()
        self.assertCloses(socket, 1001)


class Heartbeat(PlainTestCase):
    variables = {"PING_INTERVAL": "1s", "PING_TIMEOUT": "1s"}

    def test_who_answers_stays_and_who_does_not_is_closed(self):
        socket, silent = self.open(), self.open("bob")
        for _ in range(3):
            opcode, payload, _ = socket.next_frame()
            while opcode == TEXT:  # what the other one's end is told by
                opcode, payload, _ = socket.next_frame()
            self.assertEqual(opcode, PING, payload)
            socket.frame(PONG, payload)
        self.assertEqual(self.ask(socket, {"action": "look"})["player"], "ann")
        # Reads, but does not answer.
        begun = time.monotonic()
        try:
            while silent.next_frame()[0] != CLOSE:
                pass
        except Ended:
            pass
        self.assertLess(time.monotonic() - begun, 8)


class Deflate(PlainTestCase):
    """permessage-deflate (RFC 7692)."""

    OFFER = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    TAIL = b"\x00\x00\xff\xff"

    def deflate(self, data, bits=-15):
        compressor = zlib.compressobj(wbits=bits)
        return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(self.TAIL)

    def inflate(self, data):
        return zlib.decompressobj(-15).decompress(data + self.TAIL)

    def test_it_is_agreed_on_and_both_ways_are_compressed(self):
        socket = self.open(headers=self.OFFER)
        self.assertTrue(socket.headers["sec-websocket-extensions"].startswith("permessage-deflate"))
        text = json.dumps("so it goes " * 200).encode()
        socket.frame(TEXT, self.deflate(text), reserved=4)
        opcode, payload, reserved = socket.next_frame()
        self.assertEqual((opcode, reserved), (TEXT, 4))
        self.assertLess(len(payload), len(text) / 4)
        self.assertEqual(self.inflate(payload), text)

    def test_in_fragments_and_beside_what_is_not_compressed(self):
        socket = self.open(headers={"Sec-WebSocket-Extensions": "permessage-deflate; client_no_context_takeover; server_no_context_takeover"})
        text = json.dumps("so it goes " * 200).encode()
        packed = self.deflate(text)
        for _ in range(2):
            socket.frame(TEXT, packed[:5], final=False, reserved=4)
            socket.frame(CONTINUATION, packed[5:])
            opcode, payload, reserved = socket.next_frame()
            self.assertEqual(self.inflate(payload) if reserved else payload, text)
        socket.frame(TEXT, b'"plain"')
        opcode, payload, reserved = socket.next_frame()
        self.assertEqual(self.inflate(payload) if reserved else payload, b'"plain"')

    def test_without_an_offer_there_is_none(self):
        socket = self.open()
        self.assertNotIn("sec-websocket-extensions", socket.headers)
        socket.text(json.dumps("so it goes " * 200))
        self.assertEqual(socket.next_frame()[2], 0)

    def test_an_offer_that_is_none_is_passed_over(self):
        for offer in ("permessage-bzip2", "permessage-deflate; unheard_of", "permessage-deflate; server_max_window_bits=99"):
            with self.subTest(offer):
                socket = self.open(headers={"Sec-WebSocket-Extensions": offer})
                self.assertNotIn("sec-websocket-extensions", socket.headers)

    def test_a_bomb_closes_with_1009(self):
        socket = self.open(headers=self.OFFER)
        socket.frame(TEXT, self.deflate(b"x" * 50_000_000), reserved=4)
        self.assertCloses(socket, 1009)

    def test_what_does_not_inflate_closes_with_1007_or_1002(self):
        socket = self.open(headers=self.OFFER)
        socket.frame(TEXT, b"\xff\xff\xff\xff", reserved=4)
        self.assertIn(socket.close_code(), (1002, 1007))


if __name__ == "__main__":
    unittest.main()
