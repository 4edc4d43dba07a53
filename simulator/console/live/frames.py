"""Data of a run for the console's page: frames, series for the charts, and events as they are recorded.

Frames have short keys and columns, because a thousand instances are sent ten times a second:

    t                    seconds of the run; `state`: playing, paused, stepping, ended; `speed`
    services.NAME.i      n: numbers, b: starts in seconds (both only when they have changed), s: a letter each for the
                         state, o: the number of requests of each
    services.NAME.shadows  the desired counts of shadow policies, if there are any
    services.NAME.dots   a sample of the requests that ended since the last frame: [instance, queue_s, cold_s,
                         service_s, status]

Counts are those of the platform; only dots are sampled. Everything here runs on the loop of the run.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulator.console.live.view_model import ViewModel
from simulator.console.report.chart_columns import usd_now
from simulator.fleet.instance import Instance
from simulator.model.instance import InstanceState
from simulator.platform.platform import Service
from simulator.records.request_log import Chunk
from simulator.records.rolling import Rolling

DOTS_MAX: Final = 24  # per frame and service; 240 per second already look like a stream
WINDOW_S: Final = 5  # window of rates and percentiles, in seconds

LETTERS: Final = {
    InstanceState.PROVISIONING: "p",
    InstanceState.STARTING: "s",
    InstanceState.IDLE: "i",
    InstanceState.ACTIVE: "a",
    InstanceState.DRAINING: "d",
    InstanceState.STOPPED: "x",
}


class ServiceFrames:
    """The frames of one service. Call `attend` before the first one. Without open pages it does no work."""

    def __init__(self, view_model: ViewModel, service: Service) -> None:
        self.service = service
        self._view_model = view_model
        self._rolling = Rolling(WINDOW_S)
        self._dots: list[list[float]] = []
        self._told: tuple[list[int], list[float]] = ([], [])

    def attend(self) -> None:
        """Begin to observe. Earlier observations are discarded."""
        self._rolling = Rolling(WINDOW_S)
        self._told = ([], [])

    def read(self, chunk: Chunk) -> None:
        """Read ended requests, of any service."""
        mine = self._view_model.rows(self.service.name, chunk)
        if not len(mine):
            return
        self._rolling.read(mine)
        picked = np.linspace(0, len(mine) - 1, min(DOTS_MAX, len(mine))).astype(np.int64)
        self._dots = [
            [int(instance), round(queue, 4), round(cold, 4), round(service, 4), int(status)]
            for instance, queue, cold, service, status in zip(
                mine.instance[picked].tolist(),
                mine.queue_s[picked].tolist(),
                mine.cold_s[picked].tolist(),
                mine.service_s[picked].tolist(),
                mine.status[picked].tolist(),
                strict=True,
            )
        ]

    def frame(self, now_s: float, *, whole: bool) -> dict[str, Any]:
        """Return a frame. `whole`: for a page that has received none before."""
        service, view_model = self.service, self._view_model
        size, rates = view_model.size(service.name), view_model.rates(service.name)
        living, revision = service.living(), service.revision
        letters = "".join([LETTERS[instance.state] for instance in living])
        window_rates = self._rolling.recent(now_s)
        recent = view_model.recent(service.name)
        dots, self._dots = self._dots, []
        active, provisioned = letters.count("a"), len(letters) - letters.count("p")
        return {
            "offered_rps": recent.offered_rps,
            "rejected_rps": recent.rejected_rps,
            "served_rps": window_rates.served_rps,
            "failed_rps": window_rates.failed_rps,
            "serving": revision is not None,
            "in_flight": sum(each.pool.in_flight for each in service.revisions),
            "waiting": 0 if revision is None else revision.pool.queued,
            "p50_s": window_rates.p50_s,
            "p99_s": window_rates.p99_s,
            "active": active,
            "provisioned": provisioned,
            "desired": 0 if revision is None else revision.replica_set.desired,
            "usd_per_hour": None if rates is None else usd_now(provisioned, active, rates, size.vcpu, size.memory_gb),
            "factor": view_model.factor(service.name),
            **self._scaling(),
            **({"shadows": dict(service.shadows)} if service.shadows else {}),
            "i": self._instances(living, letters, whole=whole),
            "dots": [] if whole else dots,
        }

    def _scaling(self) -> dict[str, int]:
        revision = self.service.revision
        scaling = revision.pool.scaling if revision is not None else self._view_model.scaling(self.service.name)
        return {
            "max_concurrency": scaling.max_concurrency,
            "min_size": scaling.min_size,
            "max_size": scaling.max_size,
        }

    def _instances(self, living: list[Instance], letters: str, *, whole: bool) -> dict[str, Any]:
        columns: dict[str, Any] = {"s": letters, "o": [instance.outstanding for instance in living]}
        given = ([instance.number for instance in living], [round(instance.launched_at_s, 1) for instance in living])
        if whole or given != self._told:
            columns["n"], columns["b"] = given
            if any(instance.zone for instance in living):
                columns["z"] = "".join([instance.zone for instance in living])
        if not whole:  # a whole frame goes to one page; the other pages still need the changes
            self._told = given
        return columns
