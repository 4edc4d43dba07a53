"""Decides when a client retries. Simulated clients and live load use the same rule.

A failed attempt (429, 5xx or no answer) is tried again after a pause that may grow from one attempt to the next. Each
attempt is a separate request to the platform and in the report, so retries can cause a retry storm.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

# The minimum time that a real client needs between an answer and its next request.
MIN_PAUSE_S: Final = 0.001
# No client waits longer. The bound also limits the powers of the factor.
PAUSE_S_MAX: Final = 3600.0
_NO_ANSWER: Final = 0
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
RETRY_CAUSES: Final = ("429", "5xx", "no_answer")


class Retries:
    """A retry policy with `attempts` in total.

    `pause()` samples the pause before the second attempt, in seconds; each further pause is `factor` times as long, up
    to an hour. `causes`: the members of RETRY_CAUSES after which a client retries.
    """

    def __init__(
        self, attempts: int, factor: float, pause: Callable[[], float], causes: Collection[str] = RETRY_CAUSES
    ) -> None:
        self._causes = frozenset(causes)
        self._attempts = attempts
        self._factor = factor
        self._pause = pause

    def pause_s(self, attempt: int, status: int) -> float | None:
        """Return the seconds from the end of attempt number `attempt` (from 1), which had `status`, until the next
        attempt.

        Return None if the client does not retry.
        """
        if attempt >= self._attempts or cause_of(status) not in self._causes:
            return None
        return min(max(self._pause() * self._factor ** (attempt - 1), MIN_PAUSE_S), PAUSE_S_MAX)


def cause_of(status: int) -> str | None:
    """Return the member of RETRY_CAUSES for an answer; None if the client does not retry it."""
    if status == _NO_ANSWER:
        return "no_answer"
    if status == _TOO_MANY:
        return "429"
    return "5xx" if status >= _SERVER_ERRORS else None
