"""Socket.IO, protocol revision 5, on the wire (github.com/socketio/socket.io-protocol)."""

import json
import os
import signal
import time
import unittest

from lobby import IS_REFERENCE, LobbyTestCase, ours
from wires import Ended, SocketIO


class Connecting(LobbyTestCase):
    def test_the_main_namespace_answers_with_an_id_that_is_not_the_sessions(self):
        client = self.socketio()
        answer = client.connect()
        self.assertIsInstance(answer["sid"], str)
        self.assertNotEqual(answer["sid"], client.handshake["sid"])

    def test_a_namespace_of_its_own(self):
        client = self.socketio()
        answer = client.connect("/lobby")
        self.assertEqual(client.call("message", 1, namespace="/lobby"), [1])
        self.assertNotEqual(answer["sid"], client.handshake["sid"])

    def test_a_query_after_the_namespace_belongs_to_no_name(self):
        client = self.socketio()
        client.text(f"40/lobby?token=old,{self.auth()}")
        self.assertTrue(client.next_packet().startswith("0/lobby,"))

    def test_a_namespace_that_nobody_serves_is_refused_and_the_connection_stays(self):
        client = self.socketio()
        refusal = client.refused("/nowhere")
        if not IS_REFERENCE:
            self.assertEqual(refusal["message"], "Invalid namespace")
        client.connect()

    def test_two_namespaces_at_once_and_one_of_them_left(self):
        client = self.socketio()
        ids = {client.connect()["sid"], client.connect("/lobby")["sid"]}
        self.assertEqual(len(ids), 2)
        self.assertEqual(client.call("message", "here"), ["here"])
        self.assertEqual(client.call("message", "there", namespace="/lobby"), ["there"])
        client.text("41/lobby,")
        self.assertEqual(client.call("message", "still here"), ["still here"])

    def test_an_event_of_a_namespace_not_connected_to_ends_the_connection_or_is_passed_over(self):
        client = self.connected()
        client.emit("message", "astray", namespace="/lobby", id=3)
        try:
            client.text("421" + json.dumps(["message", "as before"]))
            packet = client.next_packet()
            while "as before" not in packet:
                self.assertNotIn("astray", packet)
                packet = client.next_packet()
        except (Ended, TypeError):
            pass  # closed is right, too

    def test_left_and_connected_anew_over_one_connection(self):
        client = self.socketio()
        first = client.connect()["sid"]
        client.text("41")
        self.assertNotEqual(client.connect()["sid"], first)
        self.assertEqual(client.call("message", 1), [1])

    def test_connect_error_has_data(self):
        client = self.socketio()
        refusal = client.refused(auth={"token": client.token, "refuse": "not today"})
        self.assertIsInstance(refusal["message"], str)
        self.assertEqual(refusal["data"]["status"], 409)
        self.assertEqual(refusal["data"]["detail"], "not today")
        client.connect()

    @ours("passes it over")
    def test_an_event_before_connect_closes(self):
        client = self.socketio()
        client.text('42["message",1]')
        self.assertTrue(client.is_ended())

    @ours("passes it over")
    def test_a_packet_that_is_none_closes(self):
        for packet in ("4abc", "49", "42", '42"message"', "42[]", "42{}", '42[1e5]', '42["message"', '42["message"]x', "45-[]"):
            with self.subTest(packet):
                client = self.connected()
                client.text(packet)
                self.assertTrue(client.is_ended())

    @ours("takes them")
    def test_names_that_socketio_keeps_for_itself_are_no_events(self):
        for name in ("connect", "connect_error", "disconnect", "disconnecting"):
            with self.subTest(name):
                client = self.connected()
                client.emit(name, {}, id=1)
                try:
                    packet = client.next_packet()
                    if isinstance(packet, str):
                        self.assertEqual(json.loads(packet[2:])[0]["status"], 404, packet)
                except Ended:
                    pass


class Tokens(LobbyTestCase):
    @ours("asks for no token")
    def test_without_a_token_connecting_is_refused_with_a_problem(self):
        client = self.socketio()
        for auth in (None, {}, {"token": ""}, {"token": "nonsense"}, {"token": 7}):
            with self.subTest(auth):
                refusal = client.refused(auth=auth)
                self.assertEqual(refusal["data"]["status"], 401, refusal)

    @ours("asks for no token")
    def test_an_expired_token_is_refused_and_the_connection_takes_a_fresh_one(self):
        old = self.token_of("old", "--expires", "1s")
        time.sleep(2.1)
        client = self.socketio()
        self.assertEqual(client.refused(auth={"token": old})["data"]["status"], 401)
        client.connect()

    @ours("knows no tokens")
    def test_a_socket_is_told_when_its_token_expires_and_closed_within_a_second(self):
        client = self.socketio()
        client.token = self.token_of("brief", "--expires", "3s")
        client.connect()
        self.assertEqual(client.event("token_expired"), [{"reason": "expired"}])
        told = time.monotonic()
        self.assertEqual(client.next_packet(), "1")
        self.assertTrue(client.is_ended(timeout=2))
        self.assertLess(time.monotonic() - told, 1)

    @ours("knows no tokens")
    def test_a_socket_is_told_when_its_session_is_revoked(self):
        done = self.command("token", "--player", "eve")
        session = done.stderr.split()[1]
        client = self.socketio()
        client.token = done.stdout.strip()
        client.connect()
        begun = time.monotonic()
        self.assertEqual(self.command("token", "--revoke", session).returncode, 0)
        self.assertEqual(client.event("token_expired"), [{"reason": "revoked"}])
        self.assertEqual(client.next_packet(), "1")
        self.assertTrue(client.is_ended(timeout=2))
        self.assertLess(time.monotonic() - begun, 3)

    @ours("knows no tokens")
    def test_a_fresh_token_in_band_lets_the_socket_stay(self):
        client = self.socketio()
        client.token = self.token_of("brief", "--expires", "3s")
        client.connect()
        [answer] = client.call("authenticate", {"token": self.token_of("brief", "--expires", "1h")})
        self.assertIn("expires_at", answer)
        time.sleep(3.5)
        self.assertEqual(client.call("message", "here"), ["here"])

    @ours("knows no tokens")
    def test_somebody_elses_token_in_band_is_refused(self):
        client = self.connected("ann")
        [answer] = client.call("authenticate", {"token": self.token_of("bob")})
        self.assertProblem(answer, 403)
        [answer] = client.call("authenticate", {"token": "nonsense"})
        self.assertProblem(answer, 401)
        self.assertEqual(client.call("message", "here"), ["here"])


class Events(LobbyTestCase):
    def test_an_event_is_answered_by_an_event_and_by_an_acknowledgement(self):
        client = self.connected()
        client.emit("message", {"nested": [1, "2", {"3": [False, None]}]}, id=456)
        packets = sorted([client.next_packet(), client.next_packet()])
        self.assertEqual(json.loads(packets[0][1:]), ["message-back", {"nested": [1, "2", {"3": [False, None]}]}])
        self.assertEqual(packets[1][:4], "3456")
        self.assertEqual(json.loads(packets[1][4:]), [{"nested": [1, "2", {"3": [False, None]}]}])

    def test_events_are_handled_in_order(self):
        client = self.connected()
        for number in range(200):
            client.emit("message", number)
        self.assertEqual([client.event("message-back")[0] for _ in range(200)], list(range(200)))

    @ours("passes over what nobody handles")
    def test_an_event_that_nobody_handles_gets_a_problem_if_it_asked(self):
        client = self.connected()
        client.emit("mesage", 1)
        client.emit("mesage", 2, id=5)
        packet = client.next_packet()
        self.assertEqual(packet[:2], "35")
        [problem] = json.loads(packet[2:])
        self.assertProblem(problem, 404)
        self.assertIn("message", problem["detail"])

    def test_the_fallback_takes_what_no_other_function_does(self):
        client = self.connected(namespace="/lobby")
        self.assertEqual(client.call("anything", 1, namespace="/lobby"), [{"event": "anything"}])
        self.assertEqual(client.call("message", 1, namespace="/lobby"), [1])

    def test_an_acknowledgement_of_id_0_and_of_a_long_id(self):
        client = self.connected()
        for id in (0, 9_007_199_254_740_991):
            self.assertEqual(client.call("message", "x", id=id), ["x"])

    def test_names_and_texts_of_every_plane(self):
        client = self.connected(namespace="/lobby")
        self.assertEqual(client.call("挨拶 \"😀\"", 1, namespace="/lobby"), [{"event": "挨拶 \"😀\""}])

    def test_the_servers_question_is_answered(self):
        client = self.connected()
        client.emit("ask", {"question": "why?"})
        packet = client.next_packet()
        id, question = packet[1 : packet.index("[")], json.loads(packet[packet.index("[") :])
        self.assertEqual(question, ["question", "why?"])
        self.assertTrue(id.isdigit(), packet)
        client.text(f'43{id}["because"]')
        self.assertEqual(client.event("answered"), [{"answer": "because"}])
        # Answered once is answered.
        client.text(f'43{id}["twice"]')
        self.assertEqual(client.call("message", 1), [1])

    @ours("waits for ever")
    def test_a_question_that_is_not_answered_in_time(self):
        client = self.connected()
        client.emit("ask", {"question": "why?", "within_ms": 200})
        self.assertEqual(client.event("answered"), [{"timed_out": True}])

    def test_an_answer_that_nobody_asked_for_is_passed_over(self):
        client = self.connected()
        client.text('4399["unasked"]')
        self.assertEqual(client.call("message", 1), [1])


class Binary(LobbyTestCase):
    def test_an_event_with_attachments_and_its_acknowledgement(self):
        client = self.connected()
        client.text('451-["message",{"_placeholder":true,"num":0}]')
        client.binary(b"\x01\x02\x03\x04")
        self.assertEqual(client.next_packet(), '51-["message-back",{"_placeholder":true,"num":0}]')
        self.assertEqual(client.next(), b"\x01\x02\x03\x04")

    def test_an_acknowledgement_with_attachments(self):
        client = self.connected()
        client.text('452-77["message",{"a":{"_placeholder":true,"num":1},"b":[{"_placeholder":true,"num":0}]}]')
        client.binary(b"first")
        client.binary(b"second")
        found = {}
        while len(found) < 2:
            packet = client.next_packet()
            count = int(packet[1 : packet.index("-")])
            attachments = [client.next() for _ in range(count)]
            body = packet[packet.index("-") + 1 :]
            kind = packet[0]
            if kind == "6":
                self.assertTrue(body.startswith("77"), packet)
            arguments = json.loads(body[body.index("[") :])
            value = arguments[-1]
            found[kind] = (attachments[value["a"]["num"]], attachments[value["b"][0]["num"]])
        self.assertEqual(found, {"5": (b"second", b"first"), "6": (b"second", b"first")})

    def test_in_a_namespace(self):
        client = self.connected(namespace="/lobby")
        client.text('451-/lobby,["message",{"_placeholder":true,"num":0}]')
        client.binary(b"")
        self.assertEqual(client.next_packet(), '51-/lobby,["message-back",{"_placeholder":true,"num":0}]')
        self.assertEqual(client.next(), b"")

    def test_an_answer_with_attachments(self):
        client = self.connected()
        client.emit("ask", {"question": "what?"})
        packet = client.next_packet()
        id = packet[1 : packet.index("[")]
        client.text(f'461-{id}[{{"_placeholder":true,"num":0}}]')
        client.binary(b"\x00\xff")
        packet = client.next_packet()
        self.assertEqual(packet, '51-["answered",{"answer":{"_placeholder":true,"num":0}}]')
        self.assertEqual(client.next(), b"\x00\xff")

    @ours("waits, or passes it over")
    def test_what_does_not_fit_together_closes(self):
        for packets in (
            ['451-["message",{"_placeholder":true,"num":1}]', b"one"],  # names one that is not there
            ['451-["message",{"_placeholder":true,"num":0}]', '42["message",1]'],  # another packet between
            ['4599999999-["message"]'],  # more than may be
            [b"from nowhere"],
        ):
            with self.subTest(packets):
                client = self.connected()
                for packet in packets:
                    (client.binary if isinstance(packet, bytes) else client.text)(packet)
                self.assertTrue(client.is_ended())


class Rooms(LobbyTestCase):
    def test_everyone_in_the_room_hears_it_and_nobody_else(self):
        ann, bob, eve = self.connected("ann"), self.connected("bob"), self.connected("eve")
        for player in (ann, bob):
            player.call("join", {"room": "table"})
        self.assertEqual(bob.call("chat", {"text": "psst", "room": "table"}, id=1), [{"delivered": True}])
        self.assertEqual(ann.event("chat")[0]["text"], "psst")
        ann.call("leave", {"room": "table"})
        bob.call("chat", {"text": "gone?", "room": "table"}, id=2)
        bob.call("chat", {"text": "all"}, id=3)
        self.assertEqual(ann.event("chat")[0]["text"], "all")
        self.assertEqual(eve.event("chat")[0]["text"], "all")

    def test_except_the_sender(self):
        ann, bob = self.connected("ann"), self.connected("bob")
        ann.call("chat", {"text": "to others", "others": True})
        self.assertEqual(bob.event("chat")[0]["text"], "to others")
        bob.call("chat", {"text": "to all"})
        self.assertEqual(ann.event("chat")[0]["text"], "to all")

    def test_rooms_belong_to_their_namespace(self):
        both = self.socketio("ann")
        both.connect()
        both.connect("/lobby")
        both.emit("chat", {"text": "to the main one"})
        both.emit("chat", {"text": "to the lobby"}, namespace="/lobby")
        heard = sorted(both.next_packet() for _ in range(2))
        self.assertTrue(heard[0].startswith("2/lobby,["), heard)
        self.assertIn("to the lobby", heard[0])
        self.assertTrue(heard[1].startswith("2["), heard)
        self.assertIn("to the main one", heard[1])

    def test_a_socket_is_a_room_named_as_its_id(self):
        ann, bob = self.connected("ann"), self.connected("bob")
        bob.call("chat", {"text": "just you", "room": ann.sid})
        self.assertEqual(ann.event("chat")[0]["text"], "just you")


class Disconnecting(LobbyTestCase):
    def test_the_server_closes_one_socket(self):
        ann, bob = self.connected("ann"), self.connected("bob")
        bob.emit("kick", {"connection": ann.sid})
        packet = ann.next_packet()
        while packet != "1":
            packet = ann.next_packet()
        self.assertEqual(bob.call("message", 1), [1])

    def test_the_server_closes_one_namespace_and_the_other_stays(self):
        client = self.socketio()
        client.connect()
        client.connect("/lobby")
        client.emit("kick", {}, namespace="/lobby")
        packet = client.next_packet()
        while not packet.startswith("1/lobby,"):
            packet = client.next_packet()
        self.assertEqual(client.call("message", 1), [1])

    @ours("has no players")
    def test_the_server_closes_all_sockets_of_a_player(self):
        first, second, other = self.connected("ann"), self.connected("ann"), self.connected("bob")
        other.emit("kick", {"player": "ann"})
        for client in (first, second):
            packet = client.next_packet()
            while packet != "1":
                packet = client.next_packet()
        self.assertEqual(other.call("message", 1), [1])

    @ours("does not tell others")
    def test_disconnect_tells_its_reason(self):
        watcher = self.connected("bob")
        for reason, recoverable, end in (
            ("client namespace disconnect", False, lambda client: client.text("41")),
            ("transport close", True, lambda client: client.reset()),
            ("transport close", True, lambda client: client.text("1")),
            ("server namespace disconnect", False, lambda client: client.emit("kick", {})),
        ):
            with self.subTest(reason):
                client = self.connected("ann")
                end(client)
                [left] = watcher.event("left")
                self.assertEqual(left["connection"], client.sid)
                self.assertEqual((left["reason"], left["recoverable"]), (reason, recoverable))


class Recovery(LobbyTestCase):
    """Connection-state recovery, as socket.io-client 4.6 and later asks for it: with `pid` and `offset`."""

    variables = {"RECOVERY_WINDOW": "2s"}

    def open(self, player="ann", **auth):
        client = self.socketio(player)
        answer = client.connect(auth={"token": client.token, **auth})
        return client, answer

    def hear(self, client, count):
        """(text, offset) of so many chats."""
        found = []
        while len(found) < count:
            said, offset = client.event("chat")
            found.append((said["text"], offset))
        return found

    @ours("has no recovery")
    def test_a_client_that_returns_has_its_id_its_rooms_and_what_it_missed_in_order(self):
        client, first = self.open()
        self.assertEqual(first["pid"], first["sid"])
        other = self.connected("bob")
        client.call("join", {"room": "table"})
        other.call("chat", {"text": "before", "room": "table"}, id=0)
        [(text, offset)] = self.hear(client, 1)
        self.assertEqual(text, "before")
        client.reset()
        for number in range(1, 6):
            other.call("chat", {"text": str(number), "room": "table"}, id=number)
        other.call("chat", {"text": "elsewhere", "room": "nowhere"}, id=6)
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second, first)
        other.call("chat", {"text": "live", "room": "table"}, id=7)
        told = self.hear(client, 6)
        self.assertEqual([text for text, _ in told], ["1", "2", "3", "4", "5", "live"])
        offsets = [int(offset) for _, offset in told]
        self.assertEqual(offsets, sorted(set(offsets)))

    @ours("has no recovery")
    def test_also_one_that_had_received_nothing_yet(self):
        client, first = self.open()
        client.reset()
        other = self.connected("bob")
        other.call("chat", {"text": "first"}, id=1)
        client, second = self.open(pid=first["pid"])
        if second["sid"] == first["sid"]:
            self.assertEqual(self.hear(client, 1)[0][0], "first")
        client.reset()
        # As the client itself asks for it: without an offset there is none to send, so an empty one.
        client, third = self.open(pid=second["pid"], offset="")
        self.assertIn("sid", third)

    @ours("has no recovery")
    def test_also_over_another_host_after_a_kill(self):
        client, first = self.open()
        other = self.connected("bob")
        other.call("chat", {"text": "before"}, id=0)
        [(_, offset)] = self.hear(client, 1)
        self.host.kill()
        self.host.process.stderr.close()
        self.host = self.serve()
        other = self.connected("bob")
        other.call("chat", {"text": "after"}, id=0)
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second, first)
        self.assertEqual(self.hear(client, 1)[0][0], "after")

    @ours("has no recovery")
    def test_also_over_the_host_that_is_started_for_one_that_died(self):
        client, first = self.open()
        other = self.connected("bob")
        other.call("chat", {"text": "before"}, id=0)
        [(_, offset)] = self.hear(client, 1)
        os.kill(self.host.worker, signal.SIGKILL)
        # Nobody waits: who comes while it is started again is answered by it.
        other = self.connected("bob")
        other.call("chat", {"text": "after"}, id=0)
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second, first)
        self.assertEqual(self.hear(client, 1)[0][0], "after")

    @ours("has no recovery")
    def test_not_for_another_player_nor_an_id_that_nobody_had(self):
        client, first = self.open("ann")
        client.reset()
        for player, pid in (("bob", first["pid"]), ("ann", "socket_nobody"), ("ann", 7), ("ann", None)):
            with self.subTest(player=player, pid=pid):
                _, second = self.open(player, pid=pid, offset="1")
                self.assertNotEqual(second["sid"], first["sid"])

    @ours("has no recovery")
    def test_not_with_an_offset_that_is_none(self):
        for offset in ("abc", -1, "99999999999999999999", "9007199254740991", {}, "1.5"):
            with self.subTest(offset=offset):
                client, first = self.open()
                client.reset()
                client, second = self.open(pid=first["pid"], offset=offset)
                self.assertIsInstance(second["sid"], str)
                self.assertEqual(client.call("message", "goes on")[0], "goes on")

    @ours("has no recovery")
    def test_not_after_the_window(self):
        client, first = self.open()
        client.reset()
        time.sleep(3)
        _, second = self.open(pid=first["pid"], offset="1")
        self.assertNotEqual(second["sid"], first["sid"])

    @ours("has no recovery")
    def test_not_after_a_goodbye_of_either_side(self):
        for goodbye in (lambda client: client.text("41"), lambda client: client.call("kick", {})):
            client, first = self.open()
            try:
                goodbye(client)
            except Ended:
                pass
            client.reset()
            time.sleep(0.2)
            _, second = self.open(pid=first["pid"], offset="1")
            self.assertNotEqual(second["sid"], first["sid"])

    @ours("has no recovery")
    def test_volatile_events_have_no_offset_and_are_not_told_later(self):
        client, first = self.open()
        other = self.connected("bob")
        other.call("chat", {"text": "kept"}, id=0)
        [(_, offset)] = self.hear(client, 1)
        other.call("chat", {"text": "fleeting", "volatile": True}, id=1)
        self.assertEqual(client.event("chat"), [{"from": other.sid, "text": "fleeting"}])
        client.reset()
        other.call("chat", {"text": "lost", "volatile": True}, id=2)
        other.call("chat", {"text": "kept, too"}, id=3)
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second["sid"], first["sid"])
        self.assertEqual(self.hear(client, 1)[0][0], "kept, too")

    @ours("has no recovery")
    def test_a_client_that_is_still_thought_connected_takes_its_own_place(self):
        first_client, first = self.open()
        other = self.connected("bob")
        other.call("chat", {"text": "one"}, id=0)
        [(_, offset)] = self.hear(first_client, 1)
        # Half open: the server has not noticed anything.
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second, first)
        other.call("chat", {"text": "two"}, id=1)
        self.assertEqual(self.hear(client, 1)[0][0], "two")
        self.assertTrue(first_client.is_ended())

    @ours("has no recovery")
    def test_binary_events_are_told_later_with_their_attachments(self):
        client, first = self.open()
        other = self.connected("bob")
        other.call("chat", {"text": "one"}, id=0)
        [(_, offset)] = self.hear(client, 1)
        client.reset()
        other.text('451-1["chat",{"text":{"_placeholder":true,"num":0}}]')
        other.binary(b"\x00\x01\x02")
        other.call("message", 1, id=2)
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(second["sid"], first["sid"])
        packet = client.next_packet()
        self.assertTrue(packet.startswith('51-["chat",'), packet)
        self.assertEqual(client.next(), b"\x00\x01\x02")

    @ours("has no recovery")
    def test_the_query_of_python_engineio_turns_it_off(self):
        client = self.socketio_with_query(f"&t={time.time()}")
        client.connect(auth={"token": self.token_of("ann")})
        other = self.connected("bob")
        other.call("chat", {"text": "plain"})
        self.assertEqual(client.event("chat"), [{"from": other.sid, "text": "plain"}])

    def socketio_with_query(self, query):
        class Queried(SocketIO):
            def __init__(self, port, token):
                self.token = token
                super(SocketIO, self).__init__(port, f"/socket.io/?EIO=4&transport=websocket{query}")
                self.handshake = json.loads(self.next()[1:])

        return self.kept(Queried(self.port, self.token_of("ann")))


class SlowReaders(LobbyTestCase):
    variables = {"SEND_QUEUE": "64KiB"}

    @ours("lets its queue grow")
    def test_a_socket_that_does_not_read_is_closed_and_delays_nobody(self):
        slow, quick, other = self.connected("ann"), self.connected("bob"), self.connected("eve")
        text = "x" * 50_000
        for number in range(200):
            other.call("chat", {"text": text, "others": True}, id=number)
            self.assertEqual(len(quick.event("chat")[0]["text"]), len(text))
        self.assertTrue(slow.is_ended())


if __name__ == "__main__":
    unittest.main()
