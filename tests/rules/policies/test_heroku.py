from __future__ import annotations

from collections.abc import Callable

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.heroku import HerokuParameters, HerokuPolicy
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=100, min_size=1, max_size=10)


class App:
    """An app whose dynos are ready at once. `p95_s` of the rate per dyno is its latency curve."""

    def __init__(self, dynos: int, p95_s: Callable[[float], float]) -> None:
        self.policy = HerokuPolicy(HerokuParameters(desired_p95_s=0.5), SCALING)
        self.dynos = dynos
        self.p95_s = p95_s
        self.second = 0

    def minutes(self, count: int, rate_rps: int) -> list[int]:
        """Return the number of dynos after each minute."""
        after = []
        for _ in range(count):
            for _ in range(60):
                p95_s = self.p95_s(rate_rps / self.dynos)
                self.policy.observe(
                    sample(self.second, finished=rate_rps, ready=self.dynos, latency_p95_s=p95_s),
                )
                self.second += 1
            self.dynos = self.policy.decide(observation(self.second, SCALING, ready=self.dynos)).desired
            after.append(self.dynos)
        return after


def linear(rate_rps: float) -> float:
    """Return a p95 of half a second at 50 requests/s per dyno, and in proportion."""
    return rate_rps / 100


def test_one_dyno_a_minute_is_added_until_p95_meets_the_target() -> None:
    assert App(1, linear).minutes(6, rate_rps=200) == [2, 3, 4, 4, 4, 4]


def test_one_dyno_is_removed_every_five_minutes() -> None:
    app = App(8, linear)
    assert app.minutes(12, rate_rps=260) == [7, 7, 7, 7, 7, 6, 6, 6, 6, 6, 6, 6]


def test_the_load_per_dyno_of_the_last_hour_prevents_scale_in() -> None:
    def cliff(rate_rps: float) -> float:
        return 0.1 if rate_rps < 60 else 2.0

    app = App(3, cliff)
    assert app.minutes(1, rate_rps=200) == [4]  # 66/s each: 2 s
    assert app.minutes(20, rate_rps=200) == [4] * 20  # three are known to be too slow, although 0.1 x 4/3 would suffice


def test_without_requests_dynos_are_removed_one_by_one_to_one() -> None:
    assert App(3, linear).minutes(7, rate_rps=0) == [2, 2, 2, 2, 2, 1, 1]


def test_the_policy_requires_the_latency_signal() -> None:
    assert HerokuParameters().needs == {"latency"}
