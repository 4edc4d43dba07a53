from __future__ import annotations

import pytest

from simulator.control.domain_checks import CHECK_EVERY_S, GIVE_UP_S, RENEWAL_S, VALID_S, DomainChecks


async def lookup(name: str, kind: str) -> frozenset[str] | None:
    return frozenset({name, kind})


def test_the_defaults_are_acms() -> None:
    checks = DomainChecks(lookup)
    assert (checks.every_s, checks.give_up_s) == (CHECK_EVERY_S, GIVE_UP_S) == (60.0, 259_200.0)
    assert ((VALID_S - RENEWAL_S) / 86400, checks.valid_s / 86400) == (60.0, 395.0)


def test_a_certificate_that_ends_before_its_renewal_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"renewal = 10s, must be less than the validity of a certificate, 10s"):
        DomainChecks(lookup, renewal_s=10.0, valid_s=10.0)
