"""Nobody who returns within the window misses an event, over lost connections and killed hosts. See script/soak."""

import random
import tempfile
import unittest

import soak


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


if __name__ == "__main__":
    unittest.main()
