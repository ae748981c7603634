"""`disconnect()` and `connect()` at once: a CONNECT with the client's own `pid` right behind its own goodbye."""

import json
import unittest

from crowds import CrowdTestCase, answer
from host import PATIENCE
from test_javascript import JavaScriptTestCase

NAMESPACES = ("/", "/lobby")
TRANSPORTS = (["polling"], ["websocket"], ["polling", "websocket"])


def prefix(namespace):
    return "" if namespace == "/" else namespace + ","


class Goodbye(CrowdTestCase):
    def auth(self, **more):
        return json.dumps({"token": self.token_of("ann"), **more})

    def again(self, namespace, pid, offset=None):
        """The packets of a goodbye and of a new beginning."""
        offset = {} if offset is None else {"offset": offset}
        goodbye = "41" if namespace == "/" else f"41{namespace},"
        return [goodbye, f"40{prefix(namespace)}{self.auth(pid=pid, **offset)}"]

    def assertAnew(self, told, before):
        """It was answered as a new connection, whose id is returned."""
        self.assertEqual(told[0], "sid", f"the CONNECT behind a goodbye: {told}")
        self.assertNotEqual(told[1]["sid"], before)
        self.assertEqual(told[1]["pid"], told[1]["sid"])
        return told[1]["sid"]

    def joined(self, namespace="/"):
        """A client that can recover; `sid` is its id and `offset` that of the last event it has heard."""
        client = self.socketio()
        client.sid = client.connect(namespace, {"token": client.token})["sid"]
        client.emit("message", "an offset", namespace=namespace)
        _, client.offset = client.event("message-back", namespace)
        return client

    def test_it_is_answered_as_a_new_connection_over_a_websocket(self):
        for namespace in NAMESPACES:
            for has_offset in (True, False):
                with self.subTest(namespace, has_offset=has_offset):
                    client = self.joined(namespace)
                    sid, offset = client.sid, client.offset
                    for _ in range(10):
                        client.text(*self.again(namespace, sid, offset if has_offset else None))
                        sid = self.assertAnew(answer(client, namespace), sid)
                        client.emit("message", "here", namespace=namespace)
                        said, offset = client.event("message-back", namespace)
                        self.assertEqual(said, "here")
                    self.assertPresent([sid], "no more than the last one in the store")
                    client.reset()
                    self.assertPresent([], "nobody in the store")

    def test_it_is_answered_as_a_new_connection_over_polling(self):
        for namespace in NAMESPACES:
            with self.subTest(namespace):
                session = self.engine()
                answers = tuple(f"4{kind}{prefix(namespace)}{{" for kind in "04")
                session.post(f"40{prefix(namespace)}{self.auth()}")
                sid = None
                for _ in range(10):
                    packets = session.packets(until=lambda packet: packet.startswith(answers))
                    packet = next(packet for packet in packets if packet.startswith(answers))
                    payload = json.loads(packet[packet.index("{") :])
                    sid = self.assertAnew(("sid" if packet[1] == "0" else "refused", payload), sid)
                    session.post(*self.again(namespace, sid))
                packets = session.packets(until=lambda packet: packet.startswith(answers))
                self.eventually(lambda: len(self.present()) == 1, "no more than the last one in the store")
                session.post("1")
                self.assertPresent([], "nobody in the store")

    def test_with_events_in_front_of_the_goodbye(self):
        for namespace in NAMESPACES:
            with self.subTest(namespace):
                client = self.joined(namespace)
                events = [f'42{prefix(namespace)}["chat",{{"text":"{number}"}}]' for number in range(3)]
                client.text(*events, *self.again(namespace, client.sid, client.offset))
                sid = self.assertAnew(answer(client, namespace), client.sid)
                self.assertPresent([sid], "no more than the last one in the store")
                client.reset()
                self.assertPresent([], "nobody in the store")

    def test_a_goodbye_behind_it_before_it_is_answered(self):
        client = self.joined()
        client.text(*(self.again("/", client.sid, client.offset) * 3))
        told = [answer(client)]
        client.socket.settimeout(1)
        while told[-1][0] == "sid":
            told.append(answer(client))
        client.socket.settimeout(PATIENCE)
        # Socket.IO's own server ends the connection then, and the client comes back. A client that is kept goes by the
        # last answer.
        self.assertIn(told[-1][0], ("silence", "ended"), told)
        self.assertPresent([payload["sid"] for word, payload in told if word == "sid"][-1:], "no more than the last one")

    def test_one_namespace_says_goodbye_and_the_other_stays(self):
        client = self.joined()
        lobby = client.connect("/lobby", {"token": client.token})["sid"]
        for _ in range(10):
            client.text(*self.again("/lobby", lobby))
            lobby = self.assertAnew(answer(client, "/lobby"), lobby)
        self.assertPresent([client.sid, lobby], "the one that has stayed, and the last one")
        self.assertEqual(client.call("message", 1), [1])

    def test_behind_the_hosts_goodbye(self):
        # As a handler of "io server disconnect" does.
        client = self.joined()
        sid, offset = client.sid, client.offset
        for _ in range(5):
            client.emit("kick", {})
            while client.next_packet() != "1":
                pass
            client.text(f"40{self.auth(pid=sid, offset=offset)}")
            sid = self.assertAnew(answer(client), sid)
        self.assertPresent([sid], "no more than the last one in the store")

    def test_over_another_line_at_the_same_moment(self):
        for _ in range(10):
            client = self.joined()
            other = self.socketio()
            with self.one_instant():
                client.text("41")
                other.text(f"40{self.auth(pid=client.sid, offset=client.offset)}")
            # Either may come first: the connection is gone on with, or is over.
            word, payload = answer(other)
            self.assertEqual(word, "sid")
            self.assertPresent([payload["sid"]], "just the connection that was answered")
            other.text("41")
            other.reset()
            client.reset()
            self.assertPresent([], "nobody in the store")


class JavaScriptGoodbye(JavaScriptTestCase):
    def browsing(self, transports):
        """A page with a socket in each of two namespaces over one connection, which outlives a socket then."""
        browser = self.browse()
        for name, namespace in zip("ab", NAMESPACES):
            browser.open(
                name, namespace=namespace, auth={"token": self.token_of("ann")}, transports=transports,
                forceNew=False)
            browser.expect(socket=name, what="connect")
        return browser

    def left(self, browser):
        browser.close()
        present = "SELECT count(*) FROM connection WHERE lost_at IS NULL"
        self.eventually(lambda: self.rows(present) == [(0,)], "nobody left")

    def test_disconnect_and_connect_at_once(self):
        for transports in TRANSPORTS:
            with self.subTest(transports):
                browser = self.browsing(transports)
                for number in range(10):
                    name = "ab"[number % 2]
                    mark = browser.mark()
                    browser.order("again", name)
                    self.assertFalse(browser.expect(after=mark, socket=name, what="connect")["recovered"])
                    self.assertEqual(browser.call("message", 1, socket=name), 1)
                self.left(browser)

    def test_disconnect_and_connect_before_the_first_is_answered(self):
        # The client says no goodbye for a socket that is not connected: a second CONNECT is all that the host sees.
        for transports in TRANSPORTS:
            with self.subTest(transports):
                browser = self.browsing(transports)
                for name in "abab":
                    mark = browser.mark()
                    for _ in range(3):
                        browser.order("again", name)
                    browser.expect(after=mark, socket=name, what="connect")
                    # An answer may be lost with a line that ends; the client comes back.
                    told = lambda: browser.call("message", name, socket=name, timeout=1_000) == name
                    self.eventually(told, "an answer")
                for name in "ab":
                    self.eventually(lambda: browser.call("message", "both", socket=name, timeout=1_000) == "both", "both")
                self.left(browser)


if __name__ == "__main__":
    unittest.main()
