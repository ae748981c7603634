"""Rates: one counter for HTTP and sockets, kept over restarts; stories wait for theirs and are told together."""

from host import HostTestCase
from player import Player


class ActionRate(HostTestCase):
    def test_the_31st_action_in_a_minute_is_refused_wherever_it_comes_from(self):
        session = self.guest()
        player = Player(self.host, session["token"], session["player_id"])
        self.addCleanup(player.close)
        player.connect()
        for number in range(30):
            if number % 2:
                self.assertIn("action_id", player.act("look"))
            else:
                answer = player.post("look")
                self.assertEqual(answer.status, 202, answer)
                self.assertEqual(answer.headers["X-RateLimit-Limit"], "30")
                self.assertEqual(answer.headers["X-RateLimit-Remaining"], str(29 - number))

        self.assertRefused(player.post("look"))
        problem = player.act("look")
        self.assertProblem(problem, 429)
        self.assertTrue(1 <= problem["retry_after"] <= 60, problem)

        # The counter is the store's, not the process's; and it is the player's alone.
        self.restart()
        player.host = self.host
        self.assertRefused(player.post("look"))
        self.assertEqual(len(self.journal("action")), 30)
        other = self.guest()
        answer = self.host.request("POST", "/api/player/action", {"type": "look"}, token=other["token"])
        self.assertEqual(answer.status, 202, answer)

    def assertRefused(self, answer):
        self.assertEqual(answer.status, 429, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertProblem(answer.json, 429)
        self.assertEqual(answer.headers["Retry-After"], str(answer.json["retry_after"]))
        self.assertTrue(1 <= answer.json["retry_after"] <= 60, answer)
        self.assertEqual(answer.headers["X-RateLimit-Remaining"], "0")


class SessionRate(HostTestCase):
    def test_sessions_are_counted_by_address(self):
        for _ in range(10):
            self.guest()
        self.assertProblem(self.host.request("POST", "/api/session", {}).json, 429)


class StoryRate(HostTestCase):
    variables = {"STORY_RATE": "2/3s"}

    def test_jobs_over_the_rate_wait_and_are_answered_together(self):
        session = self.guest()
        player = Player(self.host, session["token"], session["player_id"])
        self.addCleanup(player.close)
        player.connect()
        sent = [player.act("say", f"word {number}")["action_id"] for number in range(20)]

        def answered(_):
            return {id for story in player.events("story_response") for id in story["action_ids"]} >= set(sent)

        player.expect("story_response", answered, timeout=30)
        stories = player.events("story_response")
        self.assertEqual([id for story in stories for id in story["action_ids"]], sent, "each once, in order")
        self.assertLess(len(stories), len(sent))
        for story in stories:
            self.assertEqual(story["action_id"], story["action_ids"][-1])

        # No three stories within the window.
        times = [at for _, _, _, at in self.journal("story")]
        self.assertEqual(len(times), len(stories))
        for first, third in zip(times, times[2:]):
            self.assertGreaterEqual(third - first, 3_000)
