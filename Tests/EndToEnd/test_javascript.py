"""The JavaScript client, socket.io-client 4.8: its browser bundle, from an origin that the lobby allows."""

import signal
import sys
import time
import unittest

import javascript
from lobby import LobbyTestCase, ours


class JavaScriptTestCase(LobbyTestCase):
    @classmethod
    def setUpClass(cls):
        try:
            javascript.node()
            javascript.bundle()
        except javascript.Missing as missing:
            print(f"\n*** SKIPPED: the JavaScript client is NOT tested: {missing} ***", file=sys.stderr, flush=True)
            raise unittest.SkipTest(str(missing)) from None

    def browse(self):
        browser = javascript.Browser(self.port)
        self.addCleanup(browser.close)
        return browser

    def joined(self, player="ann", namespace="", **options):
        """A page with one socket; `id` is its id."""
        browser = self.browse()
        browser.open(namespace=namespace, auth={"token": self.token_of(player)}, **options)
        browser.id = browser.expect(what="connect")["id"]
        return browser

    def say(self, other, *said):
        for text in said:
            self.assertEqual(other.call("chat", {"text": text}, id=1), [{"delivered": True}])

    def texts(self, browser):
        return [chat["text"] for chat in browser.heard("chat")]


class Transports(JavaScriptTestCase):
    def test_each_transport_alone(self):
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                browser = self.joined(transports=[transport])
                self.assertEqual(browser.expect(what="connect")["transport"], transport)
                for value in ("text", {"nested": [1, None, "日本語 😀"]}, [1, 2], True, 1.5):
                    self.assertEqual(browser.call("message", value), value)
                self.assertEqual(len(browser.heard("message-back")), 5)

    def test_polling_is_upgraded(self):
        browser = self.joined()
        self.assertEqual(browser.expect(what="upgrade")["transport"], "websocket")
        self.assertEqual(browser.call("message", "over there"), "over there")

    def test_nothing_is_lost_while_it_is_upgraded(self):
        for _ in range(5):
            browser = self.joined()
            for number in range(100):
                browser.emit("message", number)
            self.eventually(
                lambda: len(browser.heard("message-back")) >= 100, "a hundred answers")
            self.assertEqual(browser.heard("message-back"), list(range(100)))

    def test_bytes_both_ways(self):
        data = {"a": {"bytes": [0, 1, 254, 255]}, "b": [{"bytes": list(range(256))}]}
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                browser = self.joined(transports=[transport])
                self.assertEqual(browser.call("message", data), data)
                self.assertEqual(browser.heard("message-back"), [data])

    def test_any_number_of_arguments_both_ways(self):
        lists = (
            [], [1], [[1, 2]], [1, 2], [[]], [{}], [None], [None, None], ["a", {"b": [3]}, [4]],
            [{"bytes": [1, 2]}, "x", {"c": {"bytes": []}}])
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                # Without recovery, whose offsets come behind what was said.
                browser = self.browse()
                auth = {"token": self.token_of("ann"), "recovery": False}
                browser.open(auth=auth, transports=[transport])
                browser.expect(what="connect")
                for values in lists:
                    mark = browser.mark()
                    self.assertEqual(browser.call_all("relay", *values), values)
                    self.assertEqual(browser.expect(after=mark, what="event", event="relayed")["values"], values)

    @ours("has no such functions")
    def test_a_function_says_how_many_arguments_it_takes(self):
        browser = self.joined(transports=["websocket"])
        self.assertEqual(browser.call_all("scale", "a", 2), [["a", "a"], 2])
        self.assertEqual(browser.call_all("scale", "a"), [["a"], 1])
        for values, detail in (
                ([], "/0 is missing."), (["a", 1, 2], "The input has 3 arguments, and may have 2."),
                (["a", "b"], "/1 must be a whole number."), ([["a", 2]], "/0 must be a string.")):
            [problem] = browser.call_all("scale", *values)
            self.assertProblem(problem, 422)
            self.assertEqual(problem["detail"], detail)
        [problem] = browser.call_all("message", 1, 2)
        self.assertEqual(problem["detail"], "The input must be one argument, and has 2.")
        self.assertEqual(browser.call_all("message"), [None])

    def test_namespaces_of_one_page(self):
        browser = self.joined()
        browser.open("b", namespace="/lobby", auth={"token": self.token_of("ann")})
        browser.expect(socket="b", what="connect")
        self.assertEqual(browser.call("whatever", 1, socket="b"), {"event": "whatever"})
        browser.open("c", namespace="/nowhere", auth={"token": self.token_of("ann")})
        browser.expect(socket="c", what="connect_error")

    @ours("knows no tokens")
    def test_connect_error_has_the_problem(self):
        browser = self.browse()
        browser.open(auth={"token": "nonsense"})
        refused = browser.expect(what="connect_error")
        self.assertTrue(refused["message"])
        self.assertEqual(refused["data"]["status"], 401)


class Acknowledgements(JavaScriptTestCase):
    @ours("passes over what nobody handles")
    def test_one_that_nobody_handles_is_answered_with_a_problem(self):
        self.assertProblem(self.joined().call("mesage", 1), 404)

    def test_the_servers_question(self):
        for transport in ("polling", "websocket"):
            with self.subTest(transport):
                browser = self.joined(transports=[transport])
                for answers, told_of in (
                        (["because"], {"answer": "because"}), ([{"bytes": [1, 2, 3]}], {"answer": {"bytes": [1, 2, 3]}}),
                        ([[1, 2]], {"answer": [1, 2]}), ([1, 2], {"answers": [1, 2]}), ([], {"answers": []})):
                    mark = browser.mark()
                    browser.order("answer", values=answers)
                    browser.call("ask", {"question": "why?"})
                    told = browser.expect(after=mark, what="event", event="answered")
                    self.assertEqual(told["values"][0], told_of)

    @ours("waits for ever")
    def test_the_servers_question_that_is_not_answered(self):
        browser = self.joined()
        browser.call("ask", {"question": "why?", "within_ms": 200})
        told = browser.expect(what="event", event="answered")
        self.assertEqual(told["values"][0], {"timed_out": True})

    def test_a_disconnect_by_the_server(self):
        browser = self.joined()
        browser.emit("kick", {})
        self.assertEqual(browser.expect(what="disconnect")["reason"], "io server disconnect")


class Reconnecting(JavaScriptTestCase):
    variables = {"RECOVERY_WINDOW": "2s"}

    def test_it_comes_back_by_itself(self):
        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            with self.subTest(transports):
                browser = self.joined(transports=transports)
                mark = 0
                for _ in range(3):
                    # A client whose line is cut within its upgrade notices no sooner than that it misses a ping.
                    if len(transports) > 1:
                        browser.expect(after=mark, what="upgrade")
                    mark = browser.mark()
                    browser.order("cut")
                    browser.expect(after=mark, what="connect")
                    self.assertEqual(browser.call("message", 1), 1)

    @ours("has no recovery")
    def test_what_it_missed_comes_in_order_and_once(self):
        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            with self.subTest(transports):
                other = self.connected("bob")
                browser = self.joined(transports=transports)
                expected = []
                for round in range(4):
                    said = [f"{transports} {round} {number}" for number in range(6)]
                    self.say(other, *said[:2])
                    self.eventually(lambda: self.texts(browser) == expected + said[:2], "what was said before")
                    mark = browser.mark()
                    browser.order("sleep")
                    browser.expect(after=mark, what="disconnect")
                    self.say(other, *said[2:4])
                    browser.order("wake")
                    back = browser.expect(after=mark, what="connect")
                    self.assertEqual((back["recovered"], back["id"]), (True, browser.id))
                    self.say(other, *said[4:])
                    expected += said
                    self.eventually(lambda: len(self.texts(browser)) >= len(expected), "all that was said")
                    self.assertEqual(self.texts(browser), expected)
                browser.order("close")

    @ours("has no recovery")
    def test_after_a_kill_of_the_host(self):
        browser, other = self.joined(), self.connected("bob")
        self.say(other, "before")
        self.eventually(lambda: self.texts(browser) == ["before"], "what was said before")
        mark, port = browser.mark(), self.host.port
        self.host.kill()
        self.host.process.stderr.close()
        browser.expect(after=mark, what="disconnect")
        self.host = self.launch(("--port", str(port))).wait_until_serving()
        back = browser.expect(after=mark, what="connect")
        self.assertEqual((back["recovered"], back["id"]), (True, browser.id))
        self.say(self.connected("bob"), "after")
        self.eventually(lambda: len(self.texts(browser)) >= 2, "what was said after")
        self.assertEqual(self.texts(browser), ["before", "after"])

    @ours("has no recovery")
    def test_after_the_window_it_is_told_that_it_is_fresh(self):
        browser, other = self.joined(), self.connected("bob")
        self.say(other, "before")
        self.eventually(lambda: self.texts(browser) == ["before"], "what was said before")
        mark = browser.mark()
        browser.order("sleep")
        browser.expect(after=mark, what="disconnect")
        self.say(other, "missed")
        time.sleep(3)
        browser.order("wake")
        back = browser.expect(after=mark, what="connect")
        self.assertFalse(back["recovered"])
        self.assertNotEqual(back["id"], browser.id)
        self.say(other, "after")
        self.eventually(lambda: len(self.texts(browser)) >= 2, "what was said after")
        self.assertEqual(self.texts(browser), ["before", "after"])


class Restarts(JavaScriptTestCase):
    @ours("has no recovery")
    def test_what_comes_together_with_a_hosts_goodbye_is_heard_once(self):
        for transport in ("websocket", "polling"):
            with self.subTest(transport):
                browser, other = self.joined(transports=[transport]), self.connected("bob")
                self.say(other, "before")
                self.eventually(lambda: self.texts(browser) == ["before"], "what was said before")
                mark, port = browser.mark(), self.host.port
                # The page reads what was said last and the goodbye at once.
                browser.process.send_signal(signal.SIGSTOP)
                try:
                    self.say(other, "last")
                    self.assertEqual(self.host.terminate(), 0)
                    self.host.process.stderr.close()
                    self.host = self.launch(("--port", str(port))).wait_until_serving()
                finally:
                    browser.process.send_signal(signal.SIGCONT)
                back = browser.expect(after=mark, what="connect")
                self.assertEqual((back["recovered"], back["id"]), (True, browser.id))
                self.say(self.connected("bob"), "after")
                self.eventually(lambda: "after" in self.texts(browser), "what was said after")
                self.assertEqual(self.texts(browser), ["before", "last", "after"])
                browser.order("close")


if __name__ == "__main__":
    unittest.main()
