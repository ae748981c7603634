"""Nobody who returns within the window misses an event, over lost connections and killed hosts. See script/soak."""

import random
import sys
import tempfile
import unittest

import javascript
import soak
import storms
import stream


class Check(unittest.TestCase):
    """What looks for mistakes must find them."""

    GOOD = [("a", "1"), ("b", "2"), ("c", "4")]

    def complaints(self, events, answered=("a", "b", "c"), unanswered=()):
        return soak.check({"one": self.GOOD, "two": events}, answered, unanswered)

    def test_what_is_as_it_should_be_has_no_complaint(self):
        self.assertEqual(self.complaints(list(self.GOOD)), [])
        self.assertEqual(self.complaints(list(self.GOOD), answered=("a", "b"), unanswered=("c", "d")), [])

    def test_each_mistake_is_found(self):
        for word, events in (
            ("lost", [("a", "1"), ("c", "4")]),
            ("more than once", [("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")]),
            ("after", [("b", "2"), ("a", "1"), ("c", "4")]),
            ("after", [("a", "9"), ("b", "10"), ("c", "9")]),
            ("offset", [("a", "1"), ("b", "3"), ("c", "4")]),
            ("nobody sent", [("a", "1"), ("b", "2"), ("c", "4"), ("d", "5")]),
        ):
            with self.subTest(word=word, events=events):
                self.assertIn(word, " ".join(self.complaints(events)))

    def test_an_unanswered_event_reaches_all_or_nobody(self):
        complaints = self.complaints([("a", "1"), ("b", "2")], answered=("a", "b"), unanswered=("c",))
        self.assertIn("some clients and not others", " ".join(complaints))


class CheckChains(unittest.TestCase):
    """The same, where each connection of a client is looked at by itself."""

    ORDER = ["a", "b", "c", "d", "end"]

    def complaints(self, *chains, must_end=True):
        return stream.check_chains("somebody", [list(chain) for chain in chains], self.ORDER, must_end)

    def test_what_is_as_it_should_be_has_no_complaint(self):
        for chains in ([self.ORDER], [["c", "d", "end"]], [["a", "b"], [], ["d", "end"]], [["a"], ["end"]]):
            with self.subTest(chains):
                self.assertEqual(self.complaints(*chains), [])
        self.assertEqual(self.complaints(["b", "c"], must_end=False), [])

    def test_each_mistake_is_found(self):
        for word, chains in (
            ("lost 1 events between a and c", [["a", "c", "d", "end"]]),
            ("lost 2 events between b and end", [["a"], ["b", "end"]]),
            ("heard b twice", [["a", "b", "b", "c", "d", "end"]]),
            ("heard c behind d", [["d", "c"], ["end"]]),
            ("has not heard the last event", [["a", "b", "c", "d"]]),
            ("has not heard the last event", [["a", "b", "c", "d", "end"], []]),
        ):
            with self.subTest(word):
                self.assertIn(word, " ".join(self.complaints(*chains)))
        self.assertEqual(self.complaints(must_end=True), [], "who never was there has nothing to hear")


class Recovery(unittest.TestCase):
    def test_no_event_is_lost_doubled_or_out_of_order(self):
        plan = soak.Plan(
            seed=random.SystemRandom().randrange(1 << 32), clients=12, disconnects=40, kills=2, seconds=6, rate=100, away=0.5)
        lines = []
        print(f"lost connections and killed hosts: seed {plan.seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="gestaloka-soak-") as folder:
            soaked = soak.Soak(plan, folder, lines.append)
            complaints = soaked.run()
        self.assertEqual(complaints, [], "\n".join([f"seed {plan.seed}", *lines]))
        self.assertEqual((sum(soaked.disconnects.values()), soaked.kills), (40, 2))


class Storms(unittest.TestCase):
    """Each storm of script/soak, with a small crowd."""

    def raises(self, *names, **options):
        try:
            javascript.bundle(), javascript.node()
            nodes = 1
        except javascript.Missing as missing:
            print(f"\n*** the JavaScript client is NOT tested: {missing} ***", file=sys.stderr, flush=True)
            nodes = 0
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"storms {', '.join(names)}: seed {seed}", flush=True)
        # How long it takes is looked at where nothing else runs beside it.
        plan = storms.StormPlan(seed, nodes=nodes, pages=12, players=10, within=float("inf"), **options)
        for name in names:
            lines = []
            complaints = storms.Storms(plan, lines.append).run(name)
            self.assertEqual(complaints, [], "\n".join([f"seed {seed}", *lines]))

    def test_nobody_is_away_and_nothing_is_lost_when_a_crowd_connects_at_one_instant(self):
        self.raises("connect", crowds=(400,))

    def test_nor_when_all_vanish_at_once(self):
        self.raises("vanish", sockets=100)

    def test_nor_when_all_say_goodbye_and_connect_at_once(self):
        self.raises("goodbye", sockets=200, rounds=6)


if __name__ == "__main__":
    unittest.main()
