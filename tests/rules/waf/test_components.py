"""Components of requests that are larger than what WAF inspects."""

from __future__ import annotations

import pytest

from simulator.rules.waf.components import PART_BYTES_MAX, PARTS_MAX, MatchScope, Oversize, headers
from simulator.rules.waf.web_request import WebRequest


@pytest.mark.parametrize(
    ("fields", "seen", "is_oversize"),
    [
        ([(b"n", b"v")] * PARTS_MAX, PARTS_MAX, False),
        ([(b"n", b"v")] * (PARTS_MAX + 1), PARTS_MAX, True),
        ([(b"n", b"v" * (PART_BYTES_MAX - 1))], 1, False),
        ([(b"a", b"b"), (b"n", b"v" * (PART_BYTES_MAX - 1))], 1, True),
    ],
)
def test_only_the_first_200_fields_and_8_kb_are_inspected(
    fields: list[tuple[bytes, bytes]], seen: int, is_oversize: bool
) -> None:
    component = headers(lambda _name: True, MatchScope.VALUE, Oversize.MATCH)
    request = WebRequest(b"GET", b"/", fields)

    assert len(component.values(request)) == seen
    assert component.foregone(request) is (True if is_oversize else None)
