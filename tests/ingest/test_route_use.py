from __future__ import annotations

import numpy as np

from simulator.ingest.blocks import Requests
from simulator.ingest.route_use import LISTED_MAX, RouteUse


def block(routes: list[int], seconds: float = 0.1, sent: float = 100.0, status: int = 200) -> Requests:
    count = len(routes)
    return Requests(
        np.arange(count, dtype=np.float64),
        None,
        np.full(count, seconds),
        np.array(routes, dtype=np.int64),
        np.full(count, status),
        np.full(count, sent),
    )


def test_shares_sizes_and_durations_are_those_of_the_route() -> None:
    use = RouteUse()
    use.add(block([0] * 300, seconds=0.05, sent=10))
    use.add(block([1] * 100 + [-1] * 5, seconds=2.0, sent=1000, status=503))
    use.add(block([0] * 50, seconds=0.05, sent=80))

    first, second = use.shares(["GET /a", "POST /b"])

    assert (first.method, first.path, first.requests, first.sent_bytes) == ("GET", "/a", 350, 20)
    assert (second.method, second.path, second.requests) == ("POST", "/b", 100)
    assert first.durations is not None
    assert second.durations is not None
    np.testing.assert_allclose(first.durations.quantiles(np.array([0.5])), [0.05], rtol=0.01)
    np.testing.assert_allclose(second.durations.quantiles(np.array([0.5])), [2.0], rtol=0.01)
    assert use.statuses.tolist() == [0, 0, 350, 0, 0, 105]


def test_the_rest_is_one_request() -> None:
    use = RouteUse()
    use.add(block([route for route in range(LISTED_MAX + 8) for _ in range(40 - route)]))

    shares = use.shares([f"GET /{route}" for route in range(LISTED_MAX + 8)])

    assert [share.path for share in shares] == [*(f"/{route}" for route in range(LISTED_MAX)), "/"]
    assert shares[-1].requests == sum(40 - route for route in range(LISTED_MAX, LISTED_MAX + 8))


def test_a_route_with_few_durations_has_no_distribution() -> None:
    use = RouteUse()
    use.add(block([0] * 99))

    assert use.shares(["GET /"])[0].durations is None


def test_routes_of_the_same_name_are_one() -> None:
    use = RouteUse()
    use.add(block([0] * 60, seconds=0.05))
    use.add(block([1] * 100, seconds=0.2))
    use.add(block([2] * 60, seconds=0.05, sent=300))

    first, second = use.shares(["GET /users/{id}", "GET /", "GET /users/{id}"])

    assert (first.path, first.requests, first.sent_bytes) == ("/users/{id}", 120, 200)
    assert first.durations is not None
    assert first.durations.count == 120
    assert second.path == "/"
