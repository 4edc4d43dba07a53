"""`simulator why --live`: asks a running simulator, and explains with the code that also explains reports."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from simulator.cli.front.live_scaling import ACTION
from simulator.cli.state.admin_client import ask_chosen
from simulator.cli.state.folder import state_folder
from simulator.lab.why import explain
from simulator.model.text.units import parse_duration
from simulator.report.decisions import ScalingPart

_TIME_OF_DAY: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?", re.ASCII)


def live_sentences(time: str | None, service: str | None, state: Path | None, simulator: str | None) -> list[str]:
    """Return a sentence for each service of the running simulator.

    Raises:
        ValueError: for an invalid moment or an unknown service.
    """
    answer = ask_chosen(state_folder(state), simulator, ACTION)
    now_s, now = float(answer["now_s"]), datetime.fromtimestamp(float(answer["epoch_s"])).astimezone()
    at_s = now_s - ago_s(time, now)
    if at_s < 0:
        begin = _clock(now - timedelta(seconds=now_s))
        raise ValueError(f"time = {time!r}, must be since the simulator started, at {begin}")
    parts = [ScalingPart.model_validate(part) for part in answer["services"]]
    return explain(parts, at_s, service, lambda moment_s: _clock(now - timedelta(seconds=now_s - moment_s)))


def ago_s(time: str | None, now: datetime) -> float:
    """Return how many seconds ago a moment was. `time`: a time of day, of which the last one counts, or a duration.

    Raises:
        ValueError: for any other text.
    """
    if time is None:
        return 0.0
    match = _TIME_OF_DAY.fullmatch(time.strip())
    if match is None:
        try:
            return parse_duration(time)
        except ValueError as error:
            raise ValueError(
                f"time = {time!r}, must be a time of day such as 14:03:06, or how long ago, 90s"
            ) from error
    hours, minutes, seconds = match.groups()
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = start + timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
    return (now - moment).total_seconds() % timedelta(days=1).total_seconds()


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
