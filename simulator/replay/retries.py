"""When a client asks again: one rule for simulated clients and for the live load.

A lost attempt (429, 5xx or no answer) is tried again after a pause that may grow from one attempt to the next. Each
attempt is a request of its own to the platform and to the report: that is what makes a storm of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

# What a real client needs at the least between an answer and its next request.
MIN_PAUSE_S: Final = 0.001
# Nobody waits longer; it also bounds what a power of the factor comes to.
PAUSE_S_MAX: Final = 3600.0
_NO_ANSWER: Final = 0
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
RETRY_CAUSES: Final = ("429", "5xx", "no_answer")


# Hears of every attempt that failed and is made again: the number of its rows and its intended time.
OnRetry = Callable[[int, float], None]


class Retries:
    """`attempts` in all. `pause()` draws the pause before the second one, in seconds; each further one is `factor`
    times as long, up to an hour. `causes`: those of RETRY_CAUSES after which a client asks again.
    """

    def __init__(
        self, attempts: int, factor: float, pause: Callable[[], float], causes: Collection[str] = RETRY_CAUSES
    ) -> None:
        self.on_retry: OnRetry = lambda *_: None
        self._causes = frozenset(causes)
        self._attempts = attempts
        self._factor = factor
        self._pause = pause

    def pause_s(self, attempt: int, status: int) -> float | None:
        """After attempt number `attempt` (from 1) ended with `status`: seconds until the next; None: there is none."""
        if attempt >= self._attempts or cause_of(status) not in self._causes:
            return None
        return min(max(self._pause() * self._factor ** (attempt - 1), MIN_PAUSE_S), PAUSE_S_MAX)


def cause_of(status: int) -> str | None:
    """Which of RETRY_CAUSES an answer is; None for one that a client is content with."""
    if status == _NO_ANSWER:
        return "no_answer"
    if status == _TOO_MANY:
        return "429"
    return "5xx" if status >= _SERVER_ERRORS else None
