from __future__ import annotations

import pytest

from simulator.model.resources.domain_state import FAILED, WALK, DomainStatus, names_of


def test_a_domain_becomes_active_after_validation_and_binding() -> None:
    walk: list[DomainStatus | None] = [DomainStatus.CREATING]
    while walk[-1] in WALK:
        status = walk[-1]
        assert status is not None
        walk.append(WALK[status])
    assert [str(status) for status in walk] == [
        "creating",
        "pending_certificate_dns_validation",
        "binding_certificate",
        "active",
    ]


def test_every_status_except_the_initial_ones_is_reachable() -> None:
    led_to = {status for status in WALK.values() if status} | set(FAILED.values())
    assert set(DomainStatus) - led_to == {DomainStatus.CREATING, DomainStatus.DELETING}


@pytest.mark.parametrize(
    ("domain", "www", "names"),
    [
        ("Example.com", True, ("example.com", "www.example.com")),
        ("example.com", False, ("example.com",)),
        ("shop.example.co.uk", False, ("shop.example.co.uk",)),
        ("*.example.com", False, ("*.example.com",)),
    ],
)
def test_valid_domain_names_are_accepted(domain: str, www: bool, names: tuple[str, ...]) -> None:
    assert names_of(domain, www=www) == names


@pytest.mark.parametrize(
    "domain",
    ["login*.example.com", "*.*.example.com", "a.*.example.com", "localhost", "-a.com", "a..com", "*", "*.com."],
)
def test_invalid_domain_names_are_rejected(domain: str) -> None:
    with pytest.raises(ValueError, match="must be a root domain, a subdomain, or a wildcard"):
        names_of(domain, www=False)


def test_www_is_rejected_for_a_wildcard() -> None:
    with pytest.raises(ValueError, match=r"must be false for the wildcard domain \*\.example\.com"):
        names_of("*.example.com", www=True)
