"""The load balancing algorithms by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.rules.balancing import Balancer, Draw, LeastOutstanding, NewestFirst, RoundRobin
from simulator.rules.random_balancing import PowerOfTwoChoices, RandomBalancer

BALANCERS: Final[Mapping[str, Callable[[int, Draw], Balancer]]] = {
    "least-outstanding": lambda capacity, _: LeastOutstanding(capacity),
    "round-robin": lambda capacity, _: RoundRobin(capacity),
    "two-choices": PowerOfTwoChoices,
    "random": RandomBalancer,
    "newest-first": lambda capacity, _: NewestFirst(capacity),
}
