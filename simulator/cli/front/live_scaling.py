"""Answers `simulator why --live` for the services of a running simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulator.records.events import RevisionSwitched
from simulator.world.clock import epoch_s

if TYPE_CHECKING:
    from simulator.platform.platform import Platform
    from simulator.report.scaling_history import ScalingHistory

ACTION: Final = "why"


class LiveScaling:
    """Records the scaling of a platform's services from now on, for the admin endpoint."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._history: ScalingHistory | None = None
        platform.journal.subscribe(RevisionSwitched, self._switched)
        for service in platform.services.values():
            self._switched(RevisionSwitched(platform.clock.at_s(), service.name))

    def answer(self, _asked: dict[str, Any]) -> dict[str, Any]:
        """Return the parts of all services that scale, and the present time, both of the run and of the wall clock."""
        history, platform = self._history, self._platform
        now_s = platform.clock.at_s()
        parts = [
            history.part(
                service.name,
                policy=service.autoscaler.policy.name,
                min_size=service.pool.scaling.min_size,
                now_s=now_s,
            ).model_dump()
            for service in platform.services.values()
            if history is not None and service.revision is not None
        ]
        return {"now_s": now_s, "epoch_s": epoch_s(), "services": parts}

    def _switched(self, event: RevisionSwitched) -> None:
        """Begin recording at the first service, so that a simulator without services imports no report code."""
        if self._history is not None:
            self._history.forget_others(self._platform.services)
        elif event.service in self._platform.services:
            from simulator.report.scaling_history import ScalingHistory  # noqa: PLC0415 see above

            self._history = ScalingHistory(self._platform.journal)
