"""The progress of `simulator observe`: what is being played, and a line for each level that has been played."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Final, Self

from simulator.calibration.observing.observer import LevelBegan, LevelPlayed, Observer, UnloadedBegan, WakesBegan
from simulator.cli.calibration.observe_tables import HEADER, level_line
from simulator.cli.printing import Status
from simulator.model.text.quantities import rate_text, time_text

_SPINNER: Final = "line"


class ObserveProgress:
    """Shows the progress of an observer on standard error; a context manager."""

    def __init__(self, observer: Observer, *, quiet: bool) -> None:
        self._quiet = quiet
        self._status = Status()
        self._vcpu = observer.service.size.vcpu
        self._rows = 0
        self._live = contextlib.ExitStack()
        if not quiet:
            observer.journal.subscribe(LevelBegan, self._began)
            observer.journal.subscribe(LevelPlayed, self._played)
            observer.journal.subscribe(UnloadedBegan, self._unloaded)
            observer.journal.subscribe(WakesBegan, self._wakes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.close()

    def _began(self, began: LevelBegan) -> None:
        level = began.level
        self._show(
            f"level {level.number}: {rate_text(level.rate_rps)} for {time_text(level.duration_s)}, "
            f"at most {time_text(began.left_s)} left"
        )

    def _unloaded(self, began: UnloadedBegan) -> None:
        self._show(f"requests one at a time for {time_text(began.seconds)}")

    def _wakes(self, _: WakesBegan) -> None:
        self._show("wakes: requests to the idle instance")

    def _played(self, played: LevelPlayed) -> None:
        self._live.close()
        if self._rows == 0:
            self._status.tell(HEADER)
        self._rows += 1
        self._status.tell(level_line(played.played.stage, self._vcpu))

    def _show(self, text: str) -> None:
        """Show what is in progress, on a terminal only: a log has a line for each result."""
        self._live.close()
        if self._status.terminal.is_terminal:
            self._live.enter_context(self._status.terminal.status(text, spinner=_SPINNER))
