from __future__ import annotations

import pytest

from simulator.edge.live.host_view import is_named


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"shop.acme.dev", True),
        (b"any.wild.dev", True),
        (b"wild.dev", False),
        (b"a.any.wild.dev", False),
        (b"other.dev", False),
        (b"localhost", False),
    ],
)
def test_a_host_matches_its_name_or_a_wildcard(host: bytes, expected: bool) -> None:
    assert is_named(host, {b"shop.acme.dev", b"*.wild.dev"}) is expected
