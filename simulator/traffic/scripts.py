"""The behaviour of a source's users, on both clocks: requests one by one, or the steps of a session, repeatedly.

A session consists of its steps in order. It ends early after a request that failed (429, 5xx, no response), or whose
response lacks a value that a later step sends; then its user begins another session, as after the last step.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from simulator.rules.retries import MIN_PAUSE_S, cause_of

if TYPE_CHECKING:
    from simulator.traffic.cookies import SessionCookies

Request = TypeVar("Request")


class User:
    """One user. `number`: its place in the population, from 0. `values` are those that its session was given or has
    extracted so far. `cookies` are those that its responses have set, on the real clock; None if there are none yet.
    `address` is empty if its source defines none.
    """

    __slots__ = ("address", "cookies", "iterations", "number", "place", "values")

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.address = ""
        self.iterations = 0  # iterations that have begun
        self.place = 0  # the next step
        self.values: dict[str, str] = {}
        self.cookies: SessionCookies | None = None


class Script(Generic[Request]):
    """The script of one source.

    `draw` returns the next request if there are no `steps`. `think` returns the pause between two sessions (or single
    requests), `thinks` that after each step; after the last step both pauses are made. `iterations` is the number of
    sessions (or requests) per user, `shared` that of all users together; None means unlimited. `rows` yields values for
    each session, `addresses` the address of each user; both are endless. `thinks_first`: a user that joins begins with
    a pause, so that users who join together do not send together; otherwise with a request.
    """

    def __init__(
        self,
        draw: Callable[[], Request],
        think: Callable[[], float],
        *,
        steps: Sequence[Request] = (),
        thinks: Sequence[Callable[[], float]] = (),
        iterations: int | None = None,
        shared: int | None = None,
        rows: Iterator[Mapping[str, str]] | None = None,
        addresses: Iterator[str] | None = None,
        thinks_first: bool = True,
    ) -> None:
        self._think = think
        self._thinks_first = thinks_first
        self._draw = draw
        self._steps = steps
        self._thinks = thinks
        self._iterations = iterations
        self._shared = shared
        self._rows = rows
        self._addresses = addresses

    def first_pause_s(self) -> float:
        """Return the seconds from the joining of a user until its first request."""
        return self._think() if self._thinks_first else 0.0

    def request(self, user: User) -> Request | None:
        """Return the user's next request; None if it has no iteration left."""
        if user.place == 0 and not self._begin(user):
            return None
        return self._steps[user.place] if self._steps else self._draw()

    def pause_s(self, user: User, status: int, *, found: bool = True) -> float:
        """Return the seconds from a response until the user's next request. `found` is False if an extracted value is
        missing.
        """
        if not self._steps:
            pause_s = self._think()
        elif cause_of(status) is not None or not found:
            user.place = 0
            pause_s = self._think()
        else:
            pause_s = self._thinks[user.place]()
            user.place = (user.place + 1) % len(self._steps)
            if user.place == 0:
                pause_s += self._think()
        # Without a minimum, a user without thinking time whose request is rejected at once would send requests
        # endlessly at the same virtual time.
        return max(pause_s, MIN_PAUSE_S)

    def _begin(self, user: User) -> bool:
        if self._iterations is not None and user.iterations >= self._iterations:
            return False
        if self._shared is not None:
            if self._shared <= 0:
                return False
            self._shared -= 1
        user.iterations += 1
        if self._addresses is not None and not user.address:
            user.address = next(self._addresses)
        user.cookies = None
        user.values = dict(next(self._rows)) if self._rows is not None else {}
        return True


def ramped(start: int, stages: Sequence[tuple[float, int]]) -> Iterator[tuple[float, int]]:
    """Yield (seconds, users) for each change of a population: linear to each stage's target, one user at a time."""
    at_s, users = 0.0, start
    for duration_s, target in stages:
        if duration_s == 0:
            if target != users:
                yield at_s, target
        else:
            step = 1 if target > users else -1
            for turn in range(1, abs(target - users) + 1):
                yield at_s + duration_s * turn / abs(target - users), users + step * turn
        at_s, users = at_s + duration_s, target


class Population:
    """The actual and the planned users. `changes`: (seconds from the source's start, users), in order.

    Users are numbered from 0, and the planned ones are those with the lowest numbers: when the plan falls, the users
    with the highest numbers finish their iterations, think times included, and leave; one that is planned again before
    it has left stays. This is the order of k6's ramping-vus.
    """

    def __init__(self, users: int, changes: Iterator[tuple[float, int]] = iter(())) -> None:  # noqa: B008 an empty one
        self._planned = users
        self._factor = 1.0
        self._begun = 0  # numbers below this have been given to users
        self._left: list[int] = []  # the numbers of users that have left, as a heap
        self._changes = changes
        self._next = next(changes, None)

    @property
    def wanted(self) -> int:
        return round(self._planned * self._factor)

    @property
    def next_change_s(self) -> float:
        """The time of the next planned change; infinite if there is none."""
        return math.inf if self._next is None else self._next[0]

    def change(self) -> None:
        """Apply the next planned change."""
        assert self._next is not None, "there is one"
        self._planned = self._next[1]
        self._next = next(self._changes, None)

    def set_factor(self, factor: float) -> None:
        """Multiply the planned number by this factor from now on."""
        self._factor = factor

    def joining(self) -> list[User]:
        """Return the users that join now. A user that has no iteration left keeps its number: none takes its place."""
        wanted, users = self.wanted, []
        while self._left and self._left[0] < wanted:
            users.append(User(heapq.heappop(self._left)))
        users += [User(number) for number in range(self._begun, wanted)]
        self._begun = max(self._begun, wanted)
        return users

    def leaves(self, user: User) -> bool:
        """Return True if a user between two iterations has to leave, because it is not planned any more; its number may
        be used again.
        """
        if user.number < self.wanted:
            return False
        heapq.heappush(self._left, user.number)
        return True
