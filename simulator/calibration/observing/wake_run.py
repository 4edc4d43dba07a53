"""Wakes: requests to an instance that has fallen idle, so that its CPU has to be given back first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.calibration.observing.level import REST_S, seed_of, with_traffic
from simulator.calibration.observing.observed_service import ObservedService
from simulator.model.instance import InstanceState
from simulator.records.events import InstanceMoved
from simulator.records.request_log import Chunk
from simulator.replay.runner import Run, play
from simulator.scenario.sections.policy_spec import policy_named

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings

_COUNT: Final = 6
_IDLE_AFTER_S: Final = 1.0
_EVERY_S: Final = 2.5
_LENGTH_S: Final = REST_S + _COUNT * _EVERY_S
# What the wakes take, with the start of their instance.
WAKES_S: Final = _LENGTH_S + 3.0
_SEED_NUMBER: Final = 0  # levels count from 1


class _WakeReader:
    """Collects the rows of the requests and the times of the wakes."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.woken_s: list[float] = []

    def read(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    def moved(self, moved: InstanceMoved) -> None:
        if moved.before is InstanceState.IDLE and moved.after is InstanceState.ACTIVE:
            self.woken_s.append(moved.at_s)

    def latencies_s(self) -> tuple[float, ...]:
        """Return the latency of each served request during which the instance woke."""
        if not self.chunks:
            return ()
        sent, latency, status = (
            np.concatenate([getattr(chunk, name) for chunk in self.chunks])
            for name in ("intended_s", "latency_s", "status")
        )
        order = np.argsort(sent)
        woken = np.array(self.woken_s)
        # a millisecond: the resolution of the live loop's clock
        return tuple(
            round(float(latency[row]), 6)
            for row in order
            if 200 <= status[row] < 400
            and ((woken >= sent[row] - 1e-3) & (woken <= sent[row] + latency[row] + 1e-3)).any()
        )


def played_wakes(
    service: ObservedService, seed: int, live: LiveSettings | None = None, *, signals: bool = False
) -> tuple[float, ...]:
    """Send some requests, each to the idle instance, and return their latencies.

    Raises what `play` raises.
    """
    heaviest = max(service.routes, key=lambda route: route.weight)
    traffic = [
        {
            "name": "wakes",
            "service": service.name,
            "from": f"{REST_S + _EVERY_S / 2}s",
            "clock": {"rate": f"{1 / _EVERY_S!r}/s"},
            "requests": [heaviest.request],
        }
    ]
    prepared = service.prepared(policy=policy_named("app-runner"), idle_after_s=_IDLE_AFTER_S)
    scenario = with_traffic(prepared, traffic, _LENGTH_S, seed_of(seed, _SEED_NUMBER))
    reader = _WakeReader()
    run = Run(scenario, live, rows=reader)
    run.journal.subscribe(InstanceMoved, reader.moved)
    play(run, signals=signals)
    return reader.latencies_s()
