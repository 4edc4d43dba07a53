from __future__ import annotations

import pytest

from simulator.cli.network.vpc_section import forward_target
from simulator.rules.network.vpc import ForwardTarget


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (15432, ForwardTarget("127.0.0.1", 15432)),
        ("15432", ForwardTarget("127.0.0.1", 15432)),
        ("db.example:5432", ForwardTarget("db.example", 5432)),
        ("[::1]:5432", ForwardTarget("::1", 5432)),
    ],
)
def test_a_target(given: object, expected: ForwardTarget) -> None:
    assert forward_target(given) == expected


@pytest.mark.parametrize("given", [0, 65536, ":80", "127.0.0.1:", "127.0.0.1", "db.example", True, None])
def test_a_malformed_target(given: object) -> None:
    with pytest.raises(ValueError, match=r"is not a target; write an address and a port such as 127\.0\.0\.1:15432"):
        forward_target(given)
