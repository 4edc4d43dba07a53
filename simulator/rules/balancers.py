"""The load balancing algorithms by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.rules.balancing import Balancer, Draw, LeastOutstanding, NewestFirst, RoundRobin
from simulator.rules.balancing_by_lot import Random, TwoChoices

BALANCERS: Final[Mapping[str, Callable[[int, Draw], Balancer]]] = {
    "least-outstanding": lambda capacity, _: LeastOutstanding(capacity),
    "round-robin": lambda capacity, _: RoundRobin(capacity),
    "two-choices": TwoChoices,
    "random": Random,
    "newest-first": lambda capacity, _: NewestFirst(capacity),
}
