from __future__ import annotations

import pytest
from pydantic import ValidationError

from simulator.rules.downstream import OnFull
from simulator.scenario.sections.base_model import key_of
from simulator.scenario.sections.downstream_spec import RESOURCE_KEYS, DownstreamSpec


def test_what_is_left_out_has_a_default() -> None:
    spec = DownstreamSpec.model_validate({"connections": 100, "service": "4ms"})
    assert (spec.connections, spec.service.distribution.mean, spec.connect.distribution.mean) == (100, 0.004, 0.0)
    assert (spec.on_full, spec.queue, spec.pool, spec.timeout_s, spec.share, spec.calls) == (
        *(OnFull.ERROR, None, None, None),
        *(1.0, 1),
    )


def test_all_keys_are_read() -> None:
    given = {
        "connections": 100,
        "service": {"exponential": "4ms"},
        "connect": "20ms",
        "on_full": "wait",
        "queue": 5,
        "wait": "2s",
        "contention": "2 %",
        "coherency": 0.001,
        "pool": 10,
        "min_idle": 3,
        "idle_timeout": "10 min",
        "max_lifetime": "30 min",
        "server_idle_timeout": "8h",
        "at": "127.0.0.1:5432",
        "delay": "2ms",
        "timeout": "1s",
        "retries": 2,
        "backoff": "10ms",
        "share": "50 %",
        "only_paths": ["/a", "/b"],
        "calls": 2,
    }
    spec = DownstreamSpec.model_validate(given)
    assert (spec.wait_s, spec.contention, spec.pool, spec.only_paths, spec.share) == (2.0, 0.02, 10, ("/a", "/b"), 0.5)
    assert (spec.idle_timeout_s, spec.max_lifetime_s, spec.server_idle_timeout_s) == (600, 1800, 28_800)
    assert set(RESOURCE_KEYS) < {key_of(name) for name in DownstreamSpec.model_fields} == set(given)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"on_full": "wait"}, "wait = none, must be given with on_full: wait"),
        ({"wait": "1s"}, "wait = 1s, must be left out, or on_full be wait"),
        ({"queue": 3}, "queue = 3, must be left out, or on_full be queue or wait"),
        ({"min_idle": 1}, "min_idle = 1, must be at most pool = 0"),
        ({"min_idle": 5, "pool": 4}, "min_idle = 5, must be at most pool = 4"),
        ({"idle_timeout": "10s"}, "idle_timeout = 10s, must be left out without pool"),
        ({"max_lifetime": "1h"}, "max_lifetime = 3600s, must be left out without pool"),
        ({"delay": "1ms"}, "delay = given, must be left out without at"),
        ({"at": "127.0.0.1"}, "at = '127.0.0.1', must be host:port, such as 127.0.0.1:5432"),
        ({"at": "postgres://db:1"}, "must be host:port"),
        ({"at": "db:70000"}, "must be host:port"),
        ({"connections": 0}, "greater than or equal to 1"),
        ({"timeout": 0}, "greater than 0"),
        ({"only_paths": ["orders"]}, "match pattern"),
    ],
)
def test_what_cannot_be_is_rejected(more: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DownstreamSpec.model_validate({"connections": 10, "service": "4ms", **more})
