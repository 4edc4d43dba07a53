from __future__ import annotations

import re

from simulator.control.state.identifiers import Identifiers
from simulator.control.state.registry import Registry
from simulator.control.state.store import Store


def test_identifiers_look_like_aws_own_and_are_never_the_same() -> None:
    registry = Registry(Store(None), seed=1)
    identifiers = Identifiers(registry)
    with registry.change():
        every = [identifiers.hexadecimal("service") for _ in range(50)]
        assert all(re.fullmatch("[0-9a-f]{32}", each) for each in every)
        every += [identifiers.uuid("event") for _ in range(50)]
        # The model's own pattern (facts 1.7: UUID).
        pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
        assert all(re.fullmatch(pattern, each) for each in every[50:])
        every += [identifiers.host_label() for _ in range(50)]
        assert all(re.fullmatch("[a-z0-9]{10}", each) for each in every[100:])
    assert len(set(every)) == 150


def test_each_store_has_its_own_secret() -> None:
    first, second = (Identifiers(Registry(Store(None), seed=seed)) for seed in (1, 2))
    assert first.secret("pages") != second.secret("pages")
    assert len(first.secret("pages")) == 32
