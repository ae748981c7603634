"""Who comes back: with the offset of an earlier connection, to a host that stood still, to an outbox that was trimmed."""

import json
import sqlite3
import time
import unittest

from lobby import LobbyTestCase, ours


class ReturnTestCase(LobbyTestCase):
    def open(self, **auth):
        """A client that recovers, and the answer to its CONNECT."""
        client = self.socketio()
        return client, client.connect(auth={"token": client.token, **auth})

    def say(self, other, *texts):
        for text in texts:
            self.assertEqual(other.call("chat", {"text": text}, id=1), [{"delivered": True}])

    def hear(self, client, count):
        """(text, offset) of so many chats."""
        found = []
        while len(found) < count:
            said, offset = client.event("chat")
            found.append((said["text"], offset))
        return found

    def lost(self, sid):
        """Whether the store takes a connection for lost; None where it does not know it."""
        rows = self.rows("SELECT lost_at IS NOT NULL FROM connection WHERE id = ?", sid)
        return bool(rows[0][0]) if rows else None


class EarlierOffset(ReturnTestCase):
    @ours("has no recovery")
    def test_the_offset_of_an_earlier_connection_is_good_from_where_the_new_one_began(self):
        # socket.io-client keeps the offset it had when it begins anew, until the first event.
        other = self.connected("bob")
        client, first = self.open()
        self.say(other, "one")
        [(_, offset)] = self.hear(client, 1)
        client.text("41")
        self.eventually(lambda: self.lost(first["sid"]) is None, "the end of the first connection")
        client.reset()
        self.say(other, "between")
        client, second = self.open(pid=first["pid"], offset=offset)
        self.assertNotEqual(second["sid"], first["sid"])
        client.reset()
        self.say(other, "two", "three")
        client, third = self.open(pid=second["pid"], offset=offset)
        self.assertEqual(third, second)
        self.assertEqual([text for text, _ in self.hear(client, 2)], ["two", "three"])
        self.say(other, "live")
        self.assertEqual([text for text, _ in self.hear(client, 1)], ["live"])


class TrimmedOutbox(ReturnTestCase):
    """A connection whose events are not all there any more: its row was kept for longer than they were."""

    def trim(self, count):
        """Drops the oldest effects of the store, as a host does when they are old; beside it, so it is stopped."""
        self.assertEqual(self.host.terminate(), 0)
        database = sqlite3.connect(self.store, isolation_level=None)
        numbers = [number for number, in database.execute("SELECT number FROM outbox ORDER BY number LIMIT ?", (count,))]
        database.execute("DELETE FROM outbox WHERE number <= ?", (numbers[-1],))
        database.execute("UPDATE trimmed SET number = ?", (numbers[-1],))
        database.close()
        self.host = self.serve()

    @ours("has no recovery")
    def test_an_offset_before_what_the_outbox_still_has_begins_anew(self):
        for count, begins_anew in ((1, False), (2, True), (3, True)):
            with self.subTest(trimmed=count):
                other = self.connected("bob")
                client, first = self.open()
                self.say(other, "one")
                [(_, offset)] = self.hear(client, 1)
                client.reset()
                self.eventually(lambda: self.lost(first["sid"]), "its loss")
                self.say(other, "two", "three")
                effects = [number for number, in self.rows("SELECT number FROM outbox ORDER BY number")]
                self.trim(effects.index(int(offset)) + count)
                other = self.connected("bob")
                client, second = self.open(pid=first["pid"], offset=offset)
                self.assertEqual(second["pid"], second["sid"])
                if begins_anew:
                    self.assertNotEqual(second["sid"], first["sid"], "what it missed is not there any more")
                else:
                    self.assertEqual(second, first)
                    self.assertEqual([text for text, _ in self.hear(client, 2)], ["two", "three"])
                self.say(other, "four")
                self.assertEqual([text for text, _ in self.hear(client, 1)], ["four"])


class Standstill(ReturnTestCase):
    """A host that is stopped for longer than its lease, while another one of the same store goes on."""

    @ours("has one host")
    def test_a_host_that_stood_still_has_the_connections_of_its_live_sockets_again_and_no_others(self):
        still = self.host
        client, first = self.open()
        polling = self.engine()
        polling.post(f"40{json.dumps({'token': self.token_of('ann')})}")
        packets = polling.packets(until=lambda packet: packet.startswith("40"))
        second = json.loads(packets[-1][2:])
        leaver, third = self.open()
        going = self.serve()
        still.stand_still()
        try:
            self.eventually(lambda: self.lost(first["sid"]) and self.lost(second["sid"]), "the end of its lease")
            self.host = going
            # One does not wait for it.
            elsewhere, again = self.open(pid=third["pid"])
            self.assertEqual(again, third)
            other = self.connected("bob")
            self.say(other, "meanwhile")
        finally:
            still.go_on()
        self.eventually(
            lambda: self.lost(first["sid"]) is False and self.lost(second["sid"]) is False,
            "the connections of its live sockets in the store")
        self.assertEqual([text for text, _ in self.hear(client, 1)], ["meanwhile"])
        self.say(other, "live")
        [(text, offset)] = self.hear(client, 1)
        self.assertEqual(text, "live")
        self.assertTrue(leaver.is_ended())
        self.assertEqual([text for text, _ in self.hear(elsewhere, 2)], ["meanwhile", "live"])
        self.assertIs(self.lost(third["sid"]), False)
        # And they recover like any other.
        client.reset()
        self.eventually(lambda: self.lost(first["sid"]), "its loss")
        self.say(other, "missed")
        client, again = self.open(pid=first["pid"], offset=offset)
        self.assertEqual(again, first)
        self.assertEqual([text for text, _ in self.hear(client, 1)], ["missed"])
        heard = polling.packets(until=lambda packet: "missed" in packet)
        texts = [json.loads(packet[2:])[1]["text"] for packet in heard if '"chat"' in packet]
        self.assertEqual(texts, ["meanwhile", "live", "missed"])


class StandstillAndPings(ReturnTestCase):
    variables = {"PING_INTERVAL": "1s", "PING_TIMEOUT": "1s"}

    @ours("has no recovery")
    def test_a_pong_that_came_while_the_host_stood_still_counts(self):
        client, first = self.open()
        self.host.stand_still()
        try:
            # Whatever the client says now, the host reads late.
            for _ in range(8):
                client.text("3")
                time.sleep(0.5)
        finally:
            self.host.go_on()
        self.assertEqual(client.call("message", "still here")[0], "still here")


if __name__ == "__main__":
    unittest.main()
