"""Nothing that was answered is lost when the process is killed."""

import collections
import http.client
import json
import random
import threading

from host import HostTestCase


class Kill(HostTestCase):
    variables = {"PLAYER_ACTION_RATE": "100000/second", "STORY_RATE": "100000/second"}

    def test_accepted_actions_are_kept_and_told_exactly_once_when_the_host_is_killed_under_load(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"kill -9 under load: seed {seed}", flush=True)
        chance = random.Random(seed)
        tokens = [self.token(f"player-{number}") for number in range(6)]
        accepted = []
        for round in range(3):
            with self.subTest(round=round, seed=seed):
                accepted += self.play_until_killed(tokens, answers=chance.randrange(50, 600))
                self.host = self.serve()
                self.check(accepted)

    def play_until_killed(self, tokens, answers):
        """Acts from many threads at once, kills the host after so many answers, returns the actions it accepted."""
        accepted, errors = [], []
        enough = threading.Event()

        def play(token):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            connection = self.host.connection()
            while True:
                try:
                    body = json.dumps({"type": "say", "text": "so it goes"})
                    connection.request("POST", "/api/player/action", body=body, headers=headers)
                    response = connection.getresponse()
                    answer = json.loads(response.read())
                except (OSError, http.client.HTTPException, ValueError):
                    break  # killed
                if response.status != 202:
                    errors.append(answer)
                    break
                accepted.append(answer["action_id"])
                if len(accepted) >= answers:
                    enough.set()
            connection.close()

        threads = [threading.Thread(target=play, args=(token,), daemon=True) for token in tokens * 2]
        for thread in threads:
            thread.start()
        self.assertTrue(enough.wait(30), f"{len(accepted)} of {answers} answers; {errors[:3]}")
        self.host.kill()
        for thread in threads:
            thread.join(30)
            self.assertFalse(thread.is_alive())
        self.assertEqual(errors, [])
        return accepted

    def check(self, accepted):
        kept = [id for id, _, _, _ in self.journal("action")]
        self.assertEqual(set(accepted) - set(kept), set(), "answered, but not in the journal")
        self.assertEqual(len(kept), len(set(kept)))

        # What was journaled without an answer has its job, too.
        def told():
            return collections.Counter(id for _, _, story, _ in self.journal("story") for id in story["action_ids"])

        self.eventually(lambda: set(told()) >= set(kept), "a story for every action", timeout=30)
        self.eventually(lambda: self.rows("SELECT count(*) FROM job") == [(0,)], "no job left")
        twice = {id: count for id, count in told().items() if count != 1}
        self.assertEqual(twice, {}, "told more than once")
        self.assertEqual(self.rows("SELECT count(*) FROM dead_letter"), [(0,)])
