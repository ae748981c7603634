"""Engine.IO, revision 4, on the wire (github.com/socketio/engine.io-protocol)."""

import base64
import json
import time
import unittest

from lobby import LobbyTestCase, ours
from wires import Ended, Engine

OPEN = "/socket.io/?EIO=4&transport=polling"
ALLOWED, FOREIGN = "https://play.example", "https://evil.example"


class EngineTestCase(LobbyTestCase):
    def assertRefused(self, answer, code, status=400):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json["code"], code, answer)
        self.assertTrue(answer.json["message"], answer)

    def assertUnknown(self, session):
        """The session is over: its id is not known any more."""
        answer = session.start_get().answer()
        self.assertEqual(answer.status, 400, answer)

    def joined(self, session, player="ann"):
        """Connects a session to the main namespace over polling."""
        session.post(f"40{self.auth(player)}")
        packets = session.packets(until=lambda packet: packet.startswith("40"))
        return json.loads(packets[-1][2:])["sid"]


class Handshake(EngineTestCase):
    def test_polling_opens_with_the_settings_and_an_upgrade(self):
        answer = self.exchange("GET", OPEN).answer()
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(answer.headers["Content-Type"].lower().startswith("text/plain"), answer.headers)
        packet = answer.body.decode()
        self.assertEqual(packet[0], "0")
        opened = json.loads(packet[1:])
        self.assertEqual(opened["upgrades"], ["websocket"])
        self.assertEqual((opened["pingInterval"], opened["pingTimeout"]), (25_000, 20_000))
        self.assertEqual(opened["maxPayload"], 1_000_000)
        self.assertIsInstance(opened["sid"], str)

    def test_a_websocket_opens_with_the_settings_and_nothing_to_upgrade_to(self):
        opened = self.socketio().handshake
        self.assertEqual(opened["upgrades"], [])
        self.assertEqual((opened["pingInterval"], opened["pingTimeout"]), (25_000, 20_000))

    def test_two_sessions_have_different_ids(self):
        self.assertNotEqual(self.engine().sid, self.engine().sid)

    def test_an_unknown_transport_is_refused(self):
        for target in ("EIO=4&transport=tobi", "EIO=4&transport=constructor"):
            with self.subTest(target):
                answer = self.exchange("GET", f"/socket.io/?{target}").answer()
                self.assertEqual(answer.status, 400)

    @ours("says the reason as a string")
    def test_refusals_have_the_protocols_codes(self):
        for code, method, query in (
            (0, "GET", "EIO=4&transport=tobi"),
            (0, "GET", "EIO=4"),
            (1, "GET", "EIO=4&transport=polling&sid=nobody"),
            (1, "POST", "EIO=4&transport=polling&sid=nobody"),
            (2, "POST", "EIO=4&transport=polling"),
            (3, "GET", "EIO=4&transport=websocket"),
            (5, "GET", "EIO=3&transport=polling"),
            (5, "GET", "EIO=abc&transport=polling"),
            (5, "GET", "transport=polling"),
        ):
            with self.subTest(code=code, method=method, query=query):
                body = "40" if method == "POST" else None
                self.assertRefused(self.exchange(method, f"/socket.io/?{query}", body).answer(), code)

    def test_other_versions_and_methods_are_refused(self):
        for method, query in (
            ("GET", "EIO=3&transport=polling"), ("GET", "transport=polling"), ("POST", "EIO=4&transport=polling"),
            ("GET", "EIO=4&transport=polling&sid=nobody"),
        ):
            with self.subTest(method=method, query=query):
                body = "40" if method == "POST" else None
                self.assertEqual(self.exchange(method, f"/socket.io/?{query}", body).answer().status, 400)

    def test_a_method_of_neither_kind_is_refused(self):
        session = self.engine()
        for method in ("PUT", "DELETE", "PATCH"):
            answer = self.exchange(method, session.target(), "").answer()
            self.assertIn(answer.status, (400, 405), answer)

    @ours("closes such a WebSocket only after it was opened")
    def test_a_websocket_of_an_unknown_session_is_refused(self):
        refused = self.websocket("/socket.io/?EIO=4&transport=websocket&sid=nobody")
        self.assertEqual(refused.status, 400)
        self.assertEqual(json.loads(refused.refusal)["code"], 1)


class LongPolling(EngineTestCase):
    def test_several_packets_go_in_one_payload_and_are_taken_in_order(self):
        session = self.engine()
        self.joined(session)
        session.post(*(f'42["message",{number}]' for number in range(5)))
        packets = session.packets(until=lambda packet: "message-back" in packet and "4]" in packet)
        told = [json.loads(packet[2:])[1] for packet in packets if "message-back" in packet]
        self.assertEqual(told, [0, 1, 2, 3, 4])

    def test_what_waits_comes_in_one_payload(self):
        session, other = self.engine(), self.connected("bob")
        self.joined(session)
        for number in range(4):
            other.call("chat", {"text": str(number)}, id=number)
        texts = []
        while len(texts) < 4:
            texts += [json.loads(packet[2:])[1]["text"] for packet in session.get() if '"chat"' in packet]
        self.assertEqual(texts, ["0", "1", "2", "3"])

    def test_a_get_waits_until_there_is_something(self):
        session = self.engine()
        self.joined(session)
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        session.post('42["message","now"]')
        self.assertIn('42["message-back","now"]', waiting.answer().body.decode())

    def test_bytes_go_as_base64_both_ways(self):
        session = self.engine()
        self.joined(session)
        data = bytes(range(256))
        session.post('451-["message",{"_placeholder":true,"num":0}]', "b" + base64.b64encode(data).decode())
        packets = session.packets(until=lambda packet: packet[0] == "b")
        self.assertEqual(packets[0], '451-["message-back",{"_placeholder":true,"num":0}]')
        self.assertEqual(base64.b64decode(packets[1][1:]), data)

    def test_text_of_every_plane_survives(self):
        session = self.engine()
        self.joined(session)
        text = "日本語 € 😀 \u0001 \u2028 é"
        session.post(f'42["message",{json.dumps(text, ensure_ascii=False)}]')
        packets = session.packets(until=lambda packet: "message-back" in packet)
        self.assertEqual(json.loads(packets[-1][2:])[1], text)

    @ours("lets two GETs wait")
    def test_a_second_get_closes_the_session(self):
        session = self.engine()
        self.joined(session)
        first = session.start_get()
        self.assertTrue(first.is_waiting())
        second = session.start_get().answer()
        self.assertIn(second.status, (400, 500), second)
        self.assertEqual(first.answer().status, 200)
        self.assertUnknown(session)

    @ours("says OK")
    def test_a_payload_that_is_none_closes_the_session(self):
        session = self.engine()
        answer = session.start_post("abc").answer()
        self.assertEqual(answer.status, 400, answer)
        self.assertUnknown(session)

    @ours("does not answer")
    def test_a_payload_beyond_the_limit_is_refused_and_closes_the_session(self):
        session = self.engine()
        self.joined(session)
        answer = session.start_post("4" + "x" * 1_000_001).answer()
        self.assertIn(answer.status, (400, 413), answer)

    def test_a_payload_of_just_the_limit_is_taken(self):
        session = self.engine()
        self.joined(session)
        frame = '42["unheard-of",""]'
        session.post(frame[:-2] + "x" * (1_000_000 - len(frame)) + frame[-2:])
        session.post('42["message",1]')
        session.packets(until=lambda packet: "message-back" in packet)

    @ours("answers it with nothing")
    def test_a_close_packet_ends_a_waiting_get_with_noop(self):
        session = self.engine()
        self.joined(session)
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        session.post("1")
        answer = waiting.answer()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.body, b"6")
        self.assertUnknown(session)

    def test_a_close_packet_ends_the_session(self):
        session = self.engine()
        session.post("1")
        self.assertUnknown(session)

    @ours("leaves that out")
    def test_an_answer_says_that_nothing_may_keep_it(self):
        answer = self.exchange("GET", OPEN).answer()
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_post_in_pieces_of_a_byte_is_taken(self):
        session = self.engine()
        self.joined(session)
        answer = session.start_post('42["message","bit by bit"]', piecewise=True).answer()
        self.assertEqual((answer.status, answer.body.lower()), (200, b"ok"))
        session.packets(until=lambda packet: packet == '42["message-back","bit by bit"]')

    @ours("writes to the connection that is gone")
    def test_a_client_that_goes_away_in_a_get_has_ended_its_session(self):
        # As with Engine.IO's own server: an answer may have been lost on its way, so it comes back and recovers.
        session = self.engine()
        self.joined(session)
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        waiting.reset()
        time.sleep(0.1)
        self.assertIn("Session ID unknown", session.start_get().answer().body.decode())

    @ours("cannot be stopped here")
    def test_a_host_that_stops_fails_a_waiting_get(self):
        # With no close packet: python-engineio's client does not come back after that one.
        session = self.engine()
        self.joined(session)
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        self.host.process.terminate()
        self.assertRefused(waiting.answer(), 1)


class Upgrade(EngineTestCase):
    def test_a_session_goes_on_over_a_websocket(self):
        session = self.engine()
        self.joined(session)
        socket = self.kept(session.upgrade())
        socket.text('42["message","over there"]')
        self.assertEqual(self.next_message(socket), '42["message-back","over there"]')

    def test_a_waiting_get_is_released_with_noop(self):
        session = self.engine()
        self.joined(session)
        waiting = session.start_get()
        self.assertTrue(waiting.is_waiting())
        socket = self.kept(session.websocket())
        socket.text("2probe")
        self.assertEqual(socket.next(), "3probe")
        answer = waiting.answer()
        self.assertEqual((answer.status, answer.body), (200, b"6"))
        socket.text("5")
        socket.text('42["message",1]')
        self.assertEqual(self.next_message(socket), '42["message-back",1]')

    def test_what_is_said_during_the_upgrade_is_neither_lost_nor_doubled(self):
        session, other = self.engine(), self.connected("bob")
        self.joined(session)
        socket = self.kept(session.websocket())
        said = 0

        def say():
            nonlocal said
            other.call("chat", {"text": str(said)}, id=said)
            said += 1

        say()
        socket.text("2probe")
        self.assertEqual(socket.next(), "3probe")
        say()
        waiting = session.start_get()
        say()
        heard = waiting.answer().body.decode().split("\x1e")
        say()
        socket.text("5")
        say()
        texts = [json.loads(packet[2:])[1]["text"] for packet in heard if '"chat"' in packet]
        while len(texts) < said:
            texts.append(json.loads(self.next_message(socket)[2:])[1]["text"])
        self.assertEqual(texts, [str(number) for number in range(said)])
        other.call("chat", {"text": "last"}, id=99)
        self.assertIn("last", self.next_message(socket))

    @ours("answers GET with noop and takes POST")
    def test_after_the_upgrade_polling_is_refused(self):
        session = self.engine()
        self.joined(session)
        socket = self.kept(session.upgrade())
        socket.text('42["message",1]')
        self.next_message(socket)
        self.assertUnknown(session)
        self.assertEqual(session.start_post("4hello").answer().status, 400)
        # And the session has not suffered from it.
        socket.text('42["message",2]')
        self.assertEqual(self.next_message(socket), '42["message-back",2]')

    def test_a_second_websocket_after_the_upgrade_does_not_get_in(self):
        session = self.engine()
        self.joined(session)
        socket = self.kept(session.upgrade())
        socket.text('42["message",1]')
        self.next_message(socket)
        second = self.kept(session.websocket())
        if second.status == 101:
            second.text("2probe")
            with self.assertRaises(Ended):
                while True:
                    self.assertNotEqual(second.next(), "3probe")
        socket.text('42["message",2]')
        self.assertEqual(self.next_message(socket), '42["message-back",2]')

    def test_a_first_packet_that_is_no_probe_closes_the_websocket_and_polling_goes_on(self):
        session = self.engine()
        self.joined(session)
        socket = self.kept(session.websocket())
        socket.text('42["message","too soon"]')
        self.assertTrue(socket.is_ended())
        session.post('42["message","as before"]')
        packets = session.packets(until=lambda packet: "message-back" in packet)
        self.assertEqual(packets[-1], '42["message-back","as before"]')

    @ours("answers noop for ever then")
    def test_a_websocket_that_goes_after_the_probe_leaves_polling_as_it_was(self):
        session = self.engine()
        self.joined(session)
        socket = session.websocket()
        socket.text("2probe")
        self.assertEqual(socket.next(), "3probe")
        socket.reset()
        time.sleep(0.1)
        session.post('42["message","as before"]')
        packets = session.packets(until=lambda packet: "message-back" in packet)
        self.assertEqual(packets[-1], '42["message-back","as before"]')

    def next_message(self, socket):
        """The next packet with a message, without those of CONNECT's answer and pings."""
        while True:
            packet = socket.next()
            if packet == "2":
                socket.text("3")
            elif packet != "6" and not packet.startswith("40"):
                return packet


class UpgradeTime(EngineTestCase):
    variables = {"UPGRADE_TIMEOUT": "1s"}

    @ours("waits without an end")
    def test_an_upgrade_that_is_not_finished_in_time_is_given_up(self):
        session = self.engine()
        self.joined(session)
        for packets in ([], ["2probe"]):
            with self.subTest(packets):
                socket = self.kept(session.websocket())
                for packet in packets:
                    socket.text(packet)
                self.assertTrue(socket.is_ended(timeout=5))
                session.post('42["message","as before"]')
                packets = session.packets(until=lambda packet: "message-back" in packet)
                self.assertEqual(packets[-1], '42["message-back","as before"]')


class ConnectTime(EngineTestCase):
    variables = {"CONNECT_TIMEOUT": "1s"}

    @ours("waits without an end")
    def test_a_session_without_a_namespace_is_closed_in_time(self):
        client, session = self.socketio(), self.engine()
        self.assertTrue(client.is_ended(timeout=5))
        session.start_get().answer()
        self.assertUnknown(session)

    def test_one_with_a_namespace_stays(self):
        client = self.connected()
        time.sleep(2)
        self.assertEqual(client.call("message", 1), [1])


class Heartbeat(EngineTestCase):
    variables = {"PING_INTERVAL": "1s", "PING_TIMEOUT": "1s"}

    def test_the_server_pings_over_a_websocket_and_goes_on_while_it_is_answered(self):
        client = self.connected()
        begun = time.monotonic()
        for _ in range(3):
            while client.next() != "2":
                pass
            client.text("3")
        self.assertGreater(time.monotonic() - begun, 2.5)
        self.assertEqual(client.call("message", 1), [1])

    def test_the_server_pings_over_polling(self):
        session = self.engine()
        for _ in range(3):
            while "2" not in session.get():
                pass
            session.post("3")

    def test_a_websocket_that_does_not_answer_is_closed(self):
        client = self.connected()
        self.assertTrue(client.is_ended(timeout=6))

    def test_a_session_over_polling_that_does_not_answer_is_closed(self):
        session = self.engine()
        self.assertEqual(session.get(), ["2"])
        deadline = time.monotonic() + 6
        while session.start_get().answer().status == 200:
            self.assertLess(time.monotonic(), deadline)

    @ours("does not ask whether anybody polls")
    def test_a_session_over_polling_that_stops_asking_is_closed(self):
        session, other = self.engine(), self.engine()
        self.joined(session)
        time.sleep(4)
        self.assertUnknown(session)
        self.assertUnknown(other)

    @ours("does not answer")
    def test_a_clients_ping_with_data_is_answered_alike(self):
        client = self.connected()
        client.text("2probe")
        packet = client.next()
        while packet != "3probe":
            self.assertEqual(packet, "2")
            client.text("3")
            packet = client.next()


class Sockets(EngineTestCase):
    @ours("leaves that to the client")
    def test_a_close_packet_closes_the_websocket(self):
        client = self.connected()
        client.text("1")
        self.assertTrue(client.is_ended())

    @ours("passes it over")
    def test_a_packet_that_is_none_closes_the_websocket(self):
        client = self.connected()
        client.text("abc")
        self.assertTrue(client.is_ended())

    def test_a_whole_conversation_in_pieces_of_a_byte(self):
        client = self.socketio(piecewise=True)
        client.connect()
        self.assertEqual(client.call("message", {"text": "日本" * 100}), [{"text": "日本" * 100}])

    def test_a_message_in_fragments_is_put_together(self):
        client = self.connected()
        text = '42["message","in three parts"]'.encode()
        client.frame(1, text[:7], final=False)
        client.frame(9, b"between")
        client.frame(0, text[7:8], final=False)
        client.frame(0, text[8:])
        self.assertEqual(client.event("message-back"), ["in three parts"])

    def test_packets_of_every_length_of_a_frames_head(self):
        client = self.connected()
        for length in (1, 125, 126, 127, 65_535, 65_536, 200_000):
            text = "x" * length
            self.assertEqual(client.call("message", text), [text])

    @ours("closes without a code")
    def test_a_message_beyond_the_limit_closes_with_1009(self):
        client = self.connected()
        client.frame(1, "4" + "x" * 1_000_000)
        self.assertEqual(client.close_code(), 1009)


class CrossOrigin(EngineTestCase):
    """The Fetch standard's CORS protocol; a WebSocket has none, so there the server itself looks at the origin."""

    def test_an_allowed_origin_may_read_and_bring_credentials(self):
        answer = self.exchange("GET", OPEN, headers={"Origin": ALLOWED}).answer()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], ALLOWED)
        self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")

    @ours("leaves out Vary")
    def test_an_answer_varies_by_origin(self):
        answer = self.exchange("GET", OPEN, headers={"Origin": ALLOWED}).answer()
        self.assertIn("origin", (answer.headers["Vary"] or "").lower())

    def test_preflight_is_answered(self):
        headers = {
            "Origin": ALLOWED, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,authorization",
        }
        answer = self.exchange("OPTIONS", OPEN, headers=headers).answer()
        self.assertIn(answer.status, (200, 204), answer)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], ALLOWED)
        self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], "true")
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
        self.assertIn("content-type", answer.headers["Access-Control-Allow-Headers"].lower())

    def test_every_answer_of_a_session_has_the_fields(self):
        session = self.engine(headers={"Origin": ALLOWED})
        for answer in (session.post(f"40{self.auth()}"), session.start_get().answer()):
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], ALLOWED)
        session.sid = "nobody"
        answer = session.start_get().answer()
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], ALLOWED)

    @ours("refuses with 400 and a string")
    def test_another_origin_is_refused_with_code_4(self):
        for headers in ({"Origin": FOREIGN}, {"Origin": "null"}, {"Origin": ALLOWED + ".evil.example"}):
            with self.subTest(headers):
                answer = self.exchange("GET", OPEN, headers=headers).answer()
                self.assertRefused(answer, 4, status=403)
                self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    @ours("refuses with 400 and a string")
    def test_a_websocket_of_another_origin_is_refused_with_code_4(self):
        refused = self.websocket("/socket.io/?EIO=4&transport=websocket", headers={"Origin": FOREIGN})
        self.assertEqual(refused.status, 403)
        self.assertEqual(json.loads(refused.refusal)["code"], 4)
        session = self.engine()
        session.headers = {"Origin": FOREIGN}
        self.assertEqual(self.kept(session.websocket()).status, 403)

    def test_another_origin_does_not_get_in(self):
        self.assertIn(self.exchange("GET", OPEN, headers={"Origin": FOREIGN}).answer().status, (400, 403))
        refused = self.websocket("/socket.io/?EIO=4&transport=websocket", headers={"Origin": FOREIGN})
        self.assertIn(refused.status, (400, 403))

    def test_a_websocket_of_an_allowed_origin_is_let_in(self):
        self.assertEqual(self.socketio(headers={"Origin": ALLOWED}).status, 101)

    def test_the_servers_own_origin_and_none_are_let_in(self):
        for headers in ({}, {"Origin": f"http://127.0.0.1:{self.port}"}):
            with self.subTest(headers):
                self.assertEqual(self.exchange("GET", OPEN, headers=headers).answer().status, 200)

    @ours("refuses with 400 and a string")
    def test_preflight_of_another_origin_is_refused(self):
        headers = {"Origin": FOREIGN, "Access-Control-Request-Method": "POST"}
        answer = self.exchange("OPTIONS", OPEN, headers=headers).answer()
        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])


if __name__ == "__main__":
    unittest.main()
